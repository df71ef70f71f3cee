import { saga } from '@skald/core';
import {
  Approved,
  AskPrice,
  ChangeAddress,
  Declined,
  Order,
  Pay,
  Refund,
  Release,
  Reserve,
  Ship,
  Tell,
  WasPaid,
} from './contracts.js';

// #region step
export const StepSaga = saga('a-step', { version: 1, input: Order })
  .step('reserve', {
    send: Reserve,
    with: ({ input }) => ({ item: input.item }),
    as: 'stock',
    undo: { send: Release, with: ({ input }) => ({ item: input.item }) },
    retry: { maximumAttempts: 3, initialInterval: '1s' },
    timeout: '10s',
  })
  .step('pay', { send: Pay, with: ({ input }) => ({ price: input.price }) })
  .build(({ stock }) => ({ reservationId: stock.reservationId }));
// #endregion

// #region probe
export const ProbeSaga = saga('a-probe', { version: 1, input: Order })
  .step('pay', {
    send: Pay,
    with: ({ input }) => ({ price: input.price }),
    as: 'payment',
    retry: { maximumAttempts: 1 },
    timeout: '10s',
    probe: { send: WasPaid, with: ({ input }) => ({ price: input.price }) },
    undo: { send: Refund, with: ({ input }) => ({ price: input.price }) },
  })
  .build(({ payment }) => ({ paymentId: payment.paymentId }));
// #endregion

// #region pivot
export const PivotSaga = saga('a-pivot', { version: 1, input: Order })
  .step('reserve', {
    send: Reserve,
    with: ({ input }) => ({ item: input.item }),
    undo: { send: Release, with: ({ input }) => ({ item: input.item }) },
  })
  .pivot('pay', { send: Pay, with: ({ input }) => ({ price: input.price }), as: 'payment' })
  .retriable('ship', { send: Ship, with: ({ input }) => ({ item: input.item }) })
  .build(({ payment }) => ({ paymentId: payment.paymentId }));
// #endregion

// #region parallel
export const ParallelSaga = saga('a-parallel', { version: 1, input: Order })
  .parallel('prepare', (arms) =>
    arms
      .step('reserve', {
        send: Reserve,
        with: ({ input }) => ({ item: input.item }),
        as: 'stock',
        undo: { send: Release, with: ({ input }) => ({ item: input.item }) },
      })
      .step('pay', {
        send: Pay,
        with: ({ input }) => ({ price: input.price }),
        as: 'payment',
        undo: { send: Refund, with: ({ input }) => ({ price: input.price }) },
      }),
  )
  .build(({ stock, payment }) => ({ ids: [stock.reservationId, payment.paymentId] }));
// #endregion

// #region branch
export const BranchSaga = saga('a-branch', { version: 1, input: Order })
  .branch('by price', ({ input }) => (input.price > 0 ? 'paid' : 'free'), {
    paid: (arm) =>
      arm.step('pay', { send: Pay, with: ({ input }) => ({ price: input.price }), as: 'payment' }),
    free: (arm) => arm,
  })
  .step('reserve', { send: Reserve, with: ({ input }) => ({ item: input.item }) })
  .build(({ payment }) => ({ paymentId: payment?.paymentId ?? 'none' }));
// #endregion

// #region jump
export const JumpSaga = saga('a-jump', { version: 1, input: Order })
  .step('ask price', {
    send: AskPrice,
    with: ({ input }) => ({ item: input.item }),
    as: 'offer',
    maximumVisits: 3,
    jump: ({ offer, input }) => (offer.price > 2 * input.price ? 'ask price' : undefined),
  })
  .step('pay', {
    send: Pay,
    with: ({ offer }) => ({ price: offer.price }),
    undo: { send: Refund, with: ({ offer }) => ({ price: offer.price }) },
    onRejected: { too_dear: 'ask price' },
  })
  .build(({ offer }) => ({ price: offer.price }));
// #endregion

// #region child
export const ChildSaga = saga('a-child', { version: 1, input: Order })
  .child('buy', {
    saga: PivotSaga,
    with: ({ input }) => ({ item: input.item, price: input.price }),
    as: 'bought',
  })
  .child('prepare', { saga: ParallelSaga, with: ({ input }) => ({ item: input.item, price: 0 }) })
  .build(({ bought }) => ({ paymentId: bought.paymentId }));
// #endregion

// #region sleep
export const SleepSaga = saga('a-sleep', { version: 1, input: Order })
  .sleep('cool down', '10m')
  .sleep('until delivery', ({ input }) => input.deliverOn ?? '1d')
  .step('reserve', { send: Reserve, with: ({ input }) => ({ item: input.item }) })
  .build();
// #endregion

// #region waitFor
export const WaitSaga = saga('a-wait', { version: 1, input: Order })
  .waitFor('decision', { signals: [Approved, Declined], timeout: '1d', as: 'decision' })
  .branch('decided', ({ decision }) => (decision.signal === 'approved' ? 'yes' : 'no'), {
    yes: (arm) => arm.step('pay', { send: Pay, with: ({ input }) => ({ price: input.price }) }),
    no: (arm) => arm,
  })
  .build(({ decision }) => ({ decision: decision.signal }));
// #endregion

// #region call
export const CallSaga = saga('a-call', { version: 1, input: Order })
  .onCall(ChangeAddress, {
    as: 'address',
    handle: (_, request) =>
      request.street === '' ? { reject: 'shipped_already' } : { answer: { accepted: true }, keep: request },
  })
  .waitFor('approval', { signals: [Approved] })
  .step('tell', {
    send: Tell,
    with: ({ input, address }) => ({ item: `${input.item} to ${address?.street}` }),
  })
  .build();
// #endregion

// #region deadline
export const DeadlineSaga = saga('a-deadline', { version: 1, input: Order, deadline: '1h' })
  .step('reserve', {
    send: Reserve,
    with: ({ input }) => ({ item: input.item }),
    undo: { send: Release, with: ({ input }) => ({ item: input.item }) },
  })
  .waitFor('approval', { signals: [Approved] })
  .build();
// #endregion
