import { HttpException } from '@nestjs/common';

/** An error as RFC 9457 "Problem Details for HTTP APIs" has it. */
export interface ProblemDetails {
  /** `urn:skald:problem:<code>`, for programs; `about:blank` where the status says all. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** What is wrong with single fields. */
  readonly errors?: readonly string[];
}

export class ProblemException extends HttpException {
  constructor(status: number, code: string, title: string, detail: string, errors: readonly string[] = []) {
    const problem: ProblemDetails = {
      type: `urn:skald:problem:${code}`,
      title,
      status,
      detail,
      ...(errors.length > 0 && { errors }),
    };
    super(problem, status);
  }
}
