import { type AnySaga, saga } from '@skald/core';
import {
  BookShipment,
  CancelShipment,
  Order,
  RefundPayment,
  ReleaseStock,
  ReserveStock,
  TakePayment,
} from '../work/contracts.js';

/** One kind of saga: how it is started, and what must come of it whatever happens meanwhile. */
export interface Kind {
  readonly saga: AnySaga;
  /** How many of a hundred sagas are of this kind. */
  readonly share: number;
  readonly input: Omit<Order, 'orderId'>;
  readonly ends: 'completed' | 'compensated';
  /** The types of the commands that take effect before it ends or turns back, in their order. */
  readonly effects: readonly string[];
  /** How many commands it sends when nothing is lost and nothing is late. */
  readonly commands: number;
}

/** Every step has so long to be answered, and is tried so often. */
const PATIENCE = { timeout: '4s', retry: { maximumAttempts: 3 } } as const;
/** The same time for what undoes; there is no end to trying but a person's. */
const UNDO_PATIENCE = { timeout: '4s' } as const;

/** The story that all kinds have, under a name of their own. */
export function orderSaga(name: string): AnySaga {
  return saga(name, { version: 1, input: Order })
    .step('reserve stock', {
      send: ReserveStock,
      with: ({ input }) => ({ orderId: input.orderId }),
      ...PATIENCE,
      undo: { send: ReleaseStock, with: ({ input }) => ({ orderId: input.orderId }), ...UNDO_PATIENCE },
    })
    .step('take payment', {
      send: TakePayment,
      with: ({ input }) => ({ orderId: input.orderId, failures: input.failures }),
      ...PATIENCE,
      undo: { send: RefundPayment, with: ({ input }) => ({ orderId: input.orderId }), ...UNDO_PATIENCE },
    })
    .step('book shipment', {
      send: BookShipment,
      with: ({ input }) => ({ orderId: input.orderId, slowMs: input.slowMs, refuse: input.refuse }),
      ...PATIENCE,
      undo: { send: CancelShipment, with: ({ input }) => ({ orderId: input.orderId }), ...UNDO_PATIENCE },
    })
    .build();
}
