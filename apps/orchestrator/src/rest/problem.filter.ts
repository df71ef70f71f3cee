import { STATUS_CODES } from 'node:http';
import { isConnectionError } from '@skald/postgres';
import { printableLog, stackOf, StoreUnavailableError, StoreUnusableError } from '@skald/ports';
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  HttpStatus,
  Logger,
} from '@nestjs/common';
import type { Response } from 'express';
import { type ProblemDetails, ProblemException } from './problem.js';

/** For programs that have sent what HTTP itself refuses. */
const CODES: Readonly<Record<number, string>> = { [HttpStatus.PAYLOAD_TOO_LARGE]: 'too_large' };

/** Answers every error as `application/problem+json`. What is not meant for the caller goes to the log only. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = printableLog(new Logger('REST'));

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = this.problemOf(error);
    host
      .switchToHttp()
      .getResponse<Response>()
      .status(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify(problem));
  }

  private problemOf(error: unknown): ProblemDetails {
    if (error instanceof ProblemException) return error.getResponse() as ProblemDetails;
    // Nest's own, and what it makes of errors of the body parser: the body is too long, or ends before its time.
    if (error instanceof HttpException) {
      const status = error.getStatus();
      const code = CODES[status];
      const type = code === undefined ? 'about:blank' : `urn:skald:problem:${code}`;
      return { type, title: titleOf(status), status, detail: error.message };
    }
    if (isAway(error)) {
      const detail = 'the database does not answer; try again, with the same id';
      return { type: 'urn:skald:problem:unavailable', title: titleOf(503), status: 503, detail };
    }
    this.log.error('an unexpected error was answered with 500', stackOf(error));
    return {
      type: 'about:blank',
      title: titleOf(500),
      status: 500,
      detail: 'something went wrong here; the log says what',
    };
  }
}

/** The database does not do its work now, and somebody may mend that: the engine's own log says what is wrong. */
function isAway(error: unknown): boolean {
  return (
    error instanceof StoreUnavailableError || error instanceof StoreUnusableError || isConnectionError(error)
  );
}

function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}
