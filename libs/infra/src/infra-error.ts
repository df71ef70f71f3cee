/**
 * - `INVALID_SETTING`: a setting of the environment, or an argument, cannot be read;
 * - `NO_ANSWER`: a server did not answer in time, or refused us;
 * - `START_FAILED`: a program did not come up, or ended with an error;
 * - `NOT_BUILT`: the compiled keeper is missing;
 * - `NOT_SUPPORTED`: this machine cannot run it;
 * - `NOT_STARTED`: it was not asked for, or is stopped already.
 */
export type InfraErrorCode =
  'INVALID_SETTING' | 'NO_ANSWER' | 'START_FAILED' | 'NOT_BUILT' | 'NOT_SUPPORTED' | 'NOT_STARTED';

/** Everything this library throws. The message says what to do. */
export class InfraError extends Error {
  override readonly name = 'InfraError';

  constructor(
    readonly code: InfraErrorCode,
    message: string,
    /** The last lines the program wrote, where a program failed; they also end the message. */
    readonly output: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(output.length === 0 ? message : [`${message} Its last lines:`, ...output].join('\n  '), options);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/** The code of an error of the operating system or of PostgreSQL, such as `ENOENT` or `42P04`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
