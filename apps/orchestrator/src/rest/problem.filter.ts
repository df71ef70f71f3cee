import { STATUS_CODES } from 'node:http';
import { isRecord } from '@skald/core';
import { isConnectionError } from '@skald/postgres';
import { stackOf } from '@skald/runtime';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { type ProblemDetails, ProblemException } from './problem.js';

/** Answers every error as `application/problem+json`. What is not meant for the caller goes to the log only. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('REST');

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
    if (error instanceof HttpException) {
      const status = error.getStatus();
      return { type: 'about:blank', title: titleOf(status), status, detail: error.message };
    }
    // Errors of the body parser: the body is no JSON, or too long.
    if (isRecord(error) && error['expose'] === true && typeof error['status'] === 'number') {
      const { status } = error;
      return { type: 'about:blank', title: titleOf(status), status, detail: String(error['message']) };
    }
    if (isConnectionError(error)) {
      const detail = 'the database does not answer; try again, with the same id';
      return { type: 'urn:skald:problem:unavailable', title: titleOf(503), status: 503, detail };
    }
    this.logger.error('an unexpected error was answered with 500', stackOf(error));
    return {
      type: 'about:blank',
      title: titleOf(500),
      status: 500,
      detail: 'something went wrong here; the log says what',
    };
  }
}

function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}
