import { isRecord, type Message } from '@skald/core';
import { validateData } from '@skald/runtime';
import { isObservable, lastValueFrom } from 'rxjs';
import type { EntityManager } from 'typeorm';
import type { FinalOutcome } from './barrier-ledger.js';
import { CommandContext } from './command-context.js';
import { rejectionOf } from './command-rejected.exception.js';
import type { ServedCommand } from './served-commands.js';

/**
 * Calls the application's handler, with all that Nest puts around it, and reads what came out.
 *
 * @param transaction absent for handlers of the form `'none'`
 * @throws whatever the handler, a guard or a pipe threw: the command failed
 */
export async function callHandler(
  message: Message,
  { contract, handler }: ServedCommand,
  transaction?: EntityManager,
): Promise<FinalOutcome> {
  const checked = validateData(contract.request, message.data);
  if ('problems' in checked) {
    // Kept by the barrier like every no: a later copy must not be let through after the saga has turned back.
    return {
      kind: 'rejected',
      code: 'invalid_request',
      message: checked.problems.join('; ').slice(0, 1_000),
    };
  }
  const context = new CommandContext(message, transaction);
  try {
    const result: unknown = await handler(checked.value, context);
    const reply: unknown = isObservable(result)
      ? await lastValueFrom(result, { defaultValue: null })
      : result;
    return { kind: 'succeeded', data: sendable(contract.type, reply ?? null) };
  } catch (error) {
    const rejection = rejectionOf(error);
    if (rejection === undefined) throw isMasked(error) ? (context.failure ?? error) : error;
    const { code, message: reason } = rejection;
    if (!contract.rejections.includes(code)) {
      throw new Error(`'${contract.type}' has no rejection '${code}'; add it to the contract`, {
        cause: error,
      });
    }
    return { kind: 'rejected', code, message: reason };
  }
}

/** A reply that is no JSON would fail when it is stored or sent, again and again, and hold up its neighbours. */
function sendable(type: string, reply: unknown): unknown {
  try {
    JSON.stringify(reply);
    return reply;
  } catch (error) {
    throw new Error(`the reply to '${type}' is not JSON; return plain data`, { cause: error });
  }
}

/** Nest's text in place of an error that no filter caught. */
function isMasked(error: unknown): boolean {
  return isRecord(error) && error['status'] === 'error' && error['message'] === 'Internal server error';
}
