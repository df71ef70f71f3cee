import { isRecord, type Message, OwnRejection, shortened } from '@skald/core';
import { validateData } from '@skald/ports';
import { isObservable, lastValueFrom } from 'rxjs';
import type { EntityManager } from 'typeorm';
import type { FinalOutcome } from './barrier-ledger.js';
import { CommandContext } from './command-context.js';
import { rejectionOf } from './command-rejected.exception.js';
import { rejectionWith, replyWith } from './handler-reply.js';
import type { ServedCommand } from './served-commands.js';
import { attemptMs, within } from './time-limit.js';

/** What a participant allows its handlers. */
export interface HandlerLimits {
  /** Where a handler has none of its own. */
  readonly timeLimitMs: number | undefined;
  /** What the transport takes for a whole message. */
  readonly maximumBytes: number;
  /** The clock that decides: the database's where there is one, else that of the process. Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Calls the application's handler, with all that Nest puts around it, and reads what came out.
 *
 * @param transaction absent for handlers of the form `'none'`
 * @throws HandlerTimedOutError, UnusableReplyError, and whatever the handler, a guard or a pipe threw: the command failed
 */
export async function callHandler(
  message: Message,
  { contract, handler, timeLimitMs }: ServedCommand,
  limits: HandlerLimits,
  transaction?: EntityManager,
): Promise<FinalOutcome> {
  const checked = validateData(contract.request, message.data);
  if ('problems' in checked) {
    // Kept by the barrier like every no: a later copy must not be let through after the saga has turned back.
    return {
      kind: 'rejected',
      code: OwnRejection.invalidRequest,
      message: shortened(checked.problems.join('; '), 1_000),
    };
  }
  const context = new CommandContext(message, transaction, limits.now);
  const limitMs = timeLimitMs ?? limits.timeLimitMs ?? attemptMs(message);
  const run = async (): Promise<unknown> => {
    const result: unknown = await handler(checked.value, context);
    return isObservable(result) ? lastValueFrom(result, { defaultValue: null }) : result;
  };
  let result: unknown;
  try {
    result = await within(run(), limitMs, (error) => context.abort(error));
  } catch (error) {
    const rejection = rejectionOf(error);
    if (rejection !== undefined) return rejectionWith(contract, rejection);
    throw isMasked(error) ? (context.failure ?? error) : error;
  }
  return replyWith(contract, result, message, limits.maximumBytes);
}

/** Nest's text in place of an error that no filter caught. */
function isMasked(error: unknown): boolean {
  return isRecord(error) && error['status'] === 'error' && error['message'] === 'Internal server error';
}
