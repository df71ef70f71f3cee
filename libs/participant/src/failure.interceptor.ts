import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, type Observable, throwError } from 'rxjs';
import { CommandContext } from './command-context.js';

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
        if (command instanceof CommandContext) command.failure = error;
        return throwError(() => error);
      }),
    );
  }
}
