import {
  checkJson,
  type CommandContract,
  type Message,
  NotJsonError,
  printable,
  replyMessage,
  shortened,
  SkaldError,
  storable,
} from '@skald/core';
import { messageOf, validateData } from '@skald/ports';
import type { FinalOutcome } from './barrier-ledger.js';
import type { Rejection } from './command-rejected.exception.js';
import { succeededWith } from './written-outcome.js';

/** The most that a participant's own words take in a reply. */
const LONGEST_PROBLEM = 500;
const LONGEST_REJECTION = 1_000;
/** No UTF-16 unit takes more in UTF-8. */
const BYTES_PER_UNIT = 3;
/** More than what surrounds a reply: its ids, which are bounded, and a probe's answer. */
const ENVELOPE = 20_000;
/** What a probe's answer needs around the reply. */
const OF_PROBE = 100;

/** What a handler returned cannot be the reply. The command has failed, and what the handler did is rolled back. */
export class UnusableReplyError extends SkaldError {
  constructor(
    readonly code: 'invalid_reply' | 'reply_too_large',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Makes the reply of what a handler returned: the members that the contract declares, checked, and nothing else.
 *
 * @param maximumBytes what the transport takes for a whole message
 * @throws UnusableReplyError saying what to mend, before anything is committed
 */
export function replyWith(
  contract: CommandContract,
  result: unknown,
  message: Message,
  maximumBytes: number,
): FinalOutcome {
  const { reply, type } = contract;
  if (reply === undefined) return succeededWith(null, 'null');
  const data = checked(type, reply, result);
  const text = JSON.stringify(data);
  const outcome = succeededWith(data, text);
  const isSurelySmall = text.length * BYTES_PER_UNIT + ENVELOPE <= maximumBytes;
  if (!isSurelySmall) checkSize(type, text, sizeOf(message, outcome) + OF_PROBE, maximumBytes);
  return outcome;
}

/**
 * A business no, with a message that fits into the saga's history.
 *
 * @throws Error when the contract does not list the code
 */
export function rejectionWith(contract: CommandContract, { code, message }: Rejection): FinalOutcome {
  if (!contract.rejections.includes(code)) {
    throw new Error(`'${contract.type}' has no rejection '${printable(code, 100)}'; add it to the contract`);
  }
  return { kind: 'rejected', code, message: storable(message, LONGEST_REJECTION) };
}

/** What was thrown, in few words that can be stored and sent. */
export function failureText(error: unknown): string {
  try {
    return storable(messageOf(error), LONGEST_PROBLEM);
  } catch {
    return 'what it threw cannot be read';
  }
}

function checked(type: string, reply: new () => object, result: unknown): object {
  const what = `the reply to '${type}'`;
  try {
    const valid = validateData(reply, result ?? null);
    if ('problems' in valid) {
      const problems = shortened(valid.problems.join('; '), LONGEST_PROBLEM);
      throw new UnusableReplyError('invalid_reply', `${what} does not fit its contract: ${problems}`);
    }
    checkJson(valid.data, what);
    return valid.data;
  } catch (error) {
    if (error instanceof UnusableReplyError) throw error;
    const text =
      error instanceof NotJsonError ? error.message : `${what} cannot be read: ${failureText(error)}`;
    throw new UnusableReplyError('invalid_reply', text, { cause: error });
  }
}

function sizeOf(message: Message, outcome: FinalOutcome): number {
  return Buffer.byteLength(JSON.stringify(replyMessage(message, outcome, '').message));
}

function checkSize(type: string, text: string, bytes: number, maximum: number): void {
  if (bytes <= maximum) return;
  throw new UnusableReplyError(
    'reply_too_large',
    `the reply to '${type}' is ${Buffer.byteLength(text)} bytes, and with it the message would be larger than the ` +
      `${maximum} bytes that the transport takes; return less, or a reference to it`,
  );
}
