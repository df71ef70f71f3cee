import { SkaldError } from '@skald/core';

/** Another worker changed or created an instance first. The turn is run again; users do not see this. */
export class ConcurrentChangeError extends SkaldError {
  readonly code = 'concurrent_change';
}

/** A request that will never be carried out as it stands. */
export class RequestRefusedError extends SkaldError {
  constructor(
    readonly code: 'unknown_definition' | 'invalid_input' | 'invalid_id' | 'wrong_namespace' | 'saga_exists',
    message: string,
    /** What is wrong with single fields. */
    readonly problems: readonly string[] = [],
  ) {
    super(message);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
