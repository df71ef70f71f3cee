import { isRecord, SkaldError } from '@skald/core';

/** Another worker changed or created an instance first. The turn is run again; users do not see this. */
export class ConcurrentChangeError extends SkaldError {
  readonly code = 'concurrent_change';
}

/**
 * A request that will not be carried out as it stands. Its codes: `unknown_definition`, `invalid_input`, `invalid_id`,
 * `saga_exists`, `unknown_saga`, and those with which the engine refuses what makes no sense now, such as `ended`,
 * `past_pivot`, `not_suspended`.
 */
export class RequestRefusedError extends SkaldError {
  constructor(
    readonly code: string,
    message: string,
    /** What is wrong with single fields. */
    readonly problems: readonly string[] = [],
  ) {
    super(message);
  }
}

/** The text of whatever was thrown: an `Error`, or an object with a `message` as Nest's filters hand on. */
export function messageOf(error: unknown): string {
  return isRecord(error) && typeof error['message'] === 'string' ? error['message'] : String(error);
}

export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
