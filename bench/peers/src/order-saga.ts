import { randomUUID } from 'node:crypto';

/*
 * The work, the same for every system: three remote steps, or two of them, a rejection and two compensations. A system
 * brings its own way to call a step.
 */

export type Variant = 'ok' | 'comp';

/** What every step is asked, about 140 bytes of JSON. */
export interface Order {
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: number;
  readonly currency: 'EUR';
}

/** What every step answers, about 100 bytes of JSON. */
export interface StepReply {
  readonly id: string;
  readonly at: string;
}

export type SagaEnd =
  | { readonly status: 'completed'; readonly replies: readonly StepReply[] }
  | { readonly status: 'compensated'; readonly reason: string; readonly undone: readonly StepReply[] };

export const stepNames = [
  'reserveStock',
  'bookCourier',
  'chargeCard',
  'cancelCourier',
  'releaseStock',
] as const;
export type StepName = (typeof stepNames)[number];

const FORWARD = ['reserveStock', 'bookCourier', 'chargeCard'] as const;
const UNDO = { reserveStock: 'releaseStock', bookCourier: 'cancelCourier', chargeCard: undefined } as const;
const CARD_LIMIT = 1_000;
/** Why the third step is rejected. */
export const DECLINED = 'card_declined';

/** The business says no: no retry will help. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
}

/** What a participant does: it answers, and does no other work. */
export function answer(step: StepName, { orderId, amount }: Order): StepReply {
  if (step === 'chargeCard' && amount > CARD_LIMIT) throw new Rejected(DECLINED);
  return { id: idOf(step, orderId), at: new Date().toISOString() };
}

/**
 * The saga. `call` has a step done and keeps its answer, in the way of the system; `isRejection` tells a rejection from
 * what the system must see.
 */
export async function orderSaga(
  order: Order,
  call: (step: StepName, order: Order) => PromiseLike<StepReply>,
  isRejection: (error: unknown) => error is Error,
): Promise<SagaEnd> {
  const replies: StepReply[] = [];
  const toUndo: StepName[] = [];
  for (const step of FORWARD) {
    try {
      replies.push(await call(step, order));
    } catch (error) {
      if (!isRejection(error)) throw error;
      const undone: StepReply[] = [];
      for (const undo of toUndo.reverse()) undone.push(await call(undo, order));
      return { status: 'compensated', reason: error.message, undone };
    }
    const undo = UNDO[step];
    if (undo !== undefined) toUndo.push(undo);
  }
  return { status: 'completed', replies };
}

export function newOrder(variant: Variant): Order {
  const amount = variant === 'ok' ? CARD_LIMIT / 10 : CARD_LIMIT * 10;
  return { orderId: randomUUID(), customerId: randomUUID(), amount, currency: 'EUR' };
}

/** Throws unless the saga has ended as its order must: nothing missing, nothing of another order. */
export function checkEnd(variant: Variant, order: Order, end: SagaEnd): void {
  const found = end.status === 'completed' ? end.replies : end.undone;
  const expected = {
    ok: { status: 'completed', steps: FORWARD },
    comp: { status: 'compensated', steps: ['cancelCourier', 'releaseStock'] },
  } as const satisfies Record<Variant, { status: SagaEnd['status']; steps: readonly StepName[] }>;
  const { status, steps } = expected[variant];
  const ids = steps.map((step) => idOf(step, order.orderId));
  if (end.status === status && found.map(({ id }) => id).join() === ids.join()) return;
  throw new Error(
    `A saga should have ended as ${status} with ${ids.join(', ')}, but ended as ${JSON.stringify(end)}.`,
  );
}

function idOf(step: StepName, orderId: string): string {
  return `${step}-${orderId}`;
}
