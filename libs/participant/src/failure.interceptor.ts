import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  IntrinsicException,
  type NestInterceptor,
} from '@nestjs/common';
import { catchError, type Observable, throwError } from 'rxjs';
import { CommandContext } from './command-context.js';
import { hideValues } from './hide-values.js';

/** The database went away under the handler. Nest logs nothing of its intrinsic exceptions. */
class ConnectionLostException extends IntrinsicException {}

/**
 * Nest's exception layer replaces the text of unknown errors. This keeps the error for the reply, so that the person
 * who reads the saga's history learns more than "internal server error".
 */
@Injectable()
export class FailureInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const command = context.switchToRpc().getContext<unknown>();
    return next.handle().pipe(
      catchError((error: unknown) => {
        hideValues(error);
        if (!(command instanceof CommandContext)) return throwError(() => error);
        command.failure = error;
        // The barrier takes care of it; no filter should, and a log line for each command would bury what matters.
        return throwError(() => (command.hasLostConnection ? new ConnectionLostException() : error));
      }),
    );
  }
}
