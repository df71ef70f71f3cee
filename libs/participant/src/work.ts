import { isSameJson, type Message } from '@skald/core';
import type { Delivery } from '@skald/ports';
import type { EntityManager } from 'typeorm';
import type { BarrierCommand, FinalOutcome } from './barrier-ledger.js';
import type { HandlerTransaction } from './command-handler.decorator.js';
import { fingerprintOf } from './fingerprint.js';
import { callHandler, type HandlerLimits } from './handler-call.js';
import type { ServedCommand } from './served-commands.js';

/** A command on its way through the service, as the barrier wants to see it. */
export interface Work extends BarrierCommand {
  readonly delivery: Delivery;
  readonly message: Message;
  readonly transaction: HandlerTransaction;
  /** When it need not be begun any more, in milliseconds since 1970. */
  readonly deadlineAt: number | undefined;
  readonly call: (transaction?: EntityManager) => Promise<FinalOutcome>;
}

export function workOf(delivery: Delivery, served: ServedCommand | 'probe', limits: HandlerLimits): Work {
  const { message } = delivery;
  const { id, compensates, probes } = message;
  const work = { delivery, message, id, compensates };
  if (served === 'probe') {
    const fingerprint = fingerprintOf(message);
    return { ...work, probes, fingerprint, transaction: 'own', deadlineAt: undefined, call: neverCalled };
  }
  const { transaction } = served;
  return {
    delivery,
    message,
    id,
    compensates,
    fingerprint: transaction === 'none' ? undefined : fingerprintOf(message),
    transaction,
    deadlineAt: deadlineOf(message),
    call: (own) => callHandler(message, served, limits, own),
  };
}

/**
 * Leaves one of the copies of a command: the one with the newest attempt, in the place of the first. What comes with the id
 * of another command of the batch and is none of its copies is apart: it must see what became of the first.
 */
export function withoutCopies(works: readonly Work[]): { single: Work[]; apart: Work[] } {
  const single = new Map<string, Work>();
  const apart: Work[] = [];
  for (const work of works) {
    const first = single.get(work.id);
    if (first === undefined) single.set(work.id, work);
    else if (!isCopy(first, work)) apart.push(work);
    else if (attemptOf(work) > attemptOf(first)) single.set(work.id, work);
  }
  return { single: [...single.values()], apart };
}

/** Compensations and probes are carried out however late. */
function deadlineOf({ deadline, compensates, probes }: Message): number | undefined {
  if (deadline === undefined || compensates !== undefined || probes !== undefined) return undefined;
  return Date.parse(deadline);
}

function attemptOf({ message }: Work): number {
  return message.attempt ?? 1;
}

function isCopy({ message: one }: Work, { message: other }: Work): boolean {
  return (
    one.type === other.type &&
    one.sagaid === other.sagaid &&
    one.compensates === other.compensates &&
    one.probes === other.probes &&
    isSameJson(one.data, other.data)
  );
}

function neverCalled(): Promise<never> {
  return Promise.reject(new Error('the barrier answers every probe itself'));
}
