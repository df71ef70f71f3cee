import { BookShipment, ReserveStock, TakePayment } from '../work/contracts.js';
import { type Kind, orderSaga } from './kind.js';

/** The last step takes a while, in a transaction that stays open. */
export const slow: Kind = {
  saga: orderSaga('slow'),
  share: 3,
  input: { failures: 0, slowMs: 300, refuse: false },
  ends: 'completed',
  effects: [ReserveStock.type, TakePayment.type, BookShipment.type],
  commands: 3,
};
