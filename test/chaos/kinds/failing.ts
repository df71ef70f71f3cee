import { BookShipment, ReserveStock, TakePayment } from '../work/contracts.js';
import { type Kind, orderSaga } from './kind.js';

/** The second step fails once, and is tried again. */
export const failing: Kind = {
  saga: orderSaga('failing'),
  share: 7,
  input: { failures: 1, slowMs: 0, refuse: false },
  ends: 'completed',
  effects: [ReserveStock.type, TakePayment.type, BookShipment.type],
  commands: 4,
};
