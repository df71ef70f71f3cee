import { isRecord, type Message, shortened, SkaldError } from '@skald/core';
import { withoutValues } from './database-text.js';
import type { PastStart } from './start-id.js';

/** Another worker changed or created an instance first. The turn is run again; users do not see this. */
export class ConcurrentChangeError extends SkaldError {
  readonly code = 'concurrent_change';
}

/**
 * Sagas that were to be created were begun by these very messages once, and are removed since: the turn is decided again,
 * without them. Users do not see this.
 */
export class StartedBeforeError extends ConcurrentChangeError {
  constructor(readonly starts: readonly PastStart[]) {
    super('a start came again after its saga was removed');
  }
}

/**
 * The store refuses for good what was to be written: a value that it cannot hold. Trying again ends the same way, so whoever
 * runs a batch finds the work at fault and lets the others go on.
 */
export class UnstorableError extends SkaldError {
  readonly code = 'unstorable';
}

/**
 * The store could not do its work, for a reason that is not in what it was given: it is away, overloaded, not migrated, or
 * somebody else held a lock for too long. Trying again later is right.
 */
export class StoreUnavailableError extends SkaldError {
  readonly code: string = 'store_unavailable';
}

/**
 * The store has cut off what took too long. It may have a bad hour; or there was too much to do at once, and less of it gets
 * done.
 */
export class StoreTooSlowError extends StoreUnavailableError {
  override readonly code: string = 'store_too_slow';
}

/**
 * The store refuses this process as a whole: its login, its database, its tables or its rights are not there. What runs
 * already goes on as with any store that is away, since whoever looks after it may mend that; a process that boots ends.
 */
export class StoreNotSetUpError extends StoreUnavailableError {
  override readonly code: string = 'store_not_set_up';
}

/**
 * The store is set up so that what an engine relies on does not hold, such as behind a pooler that shares its connections.
 * The text says what to change. A process that boots ends; where that comes about while one runs, nothing is done until
 * somebody has changed it, and no work is at fault.
 */
export class StoreUnusableError extends SkaldError {
  readonly code = 'store_unusable';
}

/**
 * The broker is away, did not confirm in time, or is closed to us: nothing is known to be wrong with what was to be sent.
 * Trying again later is right.
 */
export abstract class TransportUnavailableError extends SkaldError {}

/** A message that the broker will never take, and why. */
export interface RefusedMessage {
  readonly message: Message;
  /**
   * - `too_large`: larger than the broker, the topic or the client allows
   * - `unknown_topic`: the topic does not exist
   * - `invalid_topic`: its name can be no topic's
   * - `not_allowed`: this client may not write to the topic
   * - `not_json`: it cannot be written as JSON at all
   */
  readonly code: 'too_large' | 'unknown_topic' | 'invalid_topic' | 'not_allowed' | 'not_json';
  /** For people. Names the topic, and nothing of the message's content. */
  readonly reason: string;
}

/**
 * Thrown by `Transport.send` when the broker refuses messages for good. All others of the call are stored by then; sending
 * the refused ones again is useless.
 */
export class MessageRefusedError extends SkaldError {
  readonly code = 'message_refused';

  constructor(
    readonly refused: readonly RefusedMessage[],
    options?: ErrorOptions,
  ) {
    const [first] = refused;
    const others = refused.length > 1 ? `, and ${refused.length - 1} more` : '';
    super(
      `The broker refuses ${refused.length} message(s) for good: ${first?.reason ?? ''}${others}.`,
      options,
    );
  }
}

/** A refusal may quote what came from outside. */
const LONGEST_REFUSAL = 5_000;

/**
 * A request that will not be carried out as it stands. Its codes: `unknown_definition`, `invalid_input`, `invalid_id`,
 * `saga_exists`, `saga_removed` (this very request has started it once), `unknown_saga`, `no_live_owner` and `no_owner_answered` (another process has to do it), and those with which the engine refuses what makes no sense now, such as `ended`,
 * `past_pivot`, `not_suspended`.
 */
export class RequestRefusedError extends SkaldError {
  constructor(
    readonly code: string,
    message: string,
    /** What is wrong with single fields. */
    readonly problems: readonly string[] = [],
  ) {
    super(shortened(message, LONGEST_REFUSAL));
  }
}

/** No live process knows the definition. Not said before the others were asked a moment ago. */
export class UnknownDefinitionError extends RequestRefusedError {
  constructor(
    /** `name@version`, or a name. */
    definition: string,
    known: readonly string[],
  ) {
    super(
      'unknown_definition',
      `there is no saga '${definition}' here; known: ${known.join(', ') || 'none'}`,
    );
  }
}

/**
 * The text of whatever was thrown: an `Error`, or an object with a `message` as Nest's filters hand on. Of errors of
 * PostgreSQL, whatever may quote values is replaced; see `databaseText`.
 */
export function messageOf(error: unknown): string {
  if (!isRecord(error) || typeof error['message'] !== 'string') return String(error);
  return withoutValues(error['message'], error);
}

/** The stack of an error, with the same text. */
export function stackOf(error: unknown): string | undefined {
  return error instanceof Error && error.stack !== undefined ? withoutValues(error.stack, error) : undefined;
}
