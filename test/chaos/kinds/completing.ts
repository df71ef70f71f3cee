import { BookShipment, ReserveStock, TakePayment } from '../work/contracts.js';
import { type Kind, orderSaga } from './kind.js';

export const completing: Kind = {
  saga: orderSaga('completing'),
  share: 70,
  input: { failures: 0, slowMs: 0, refuse: false },
  ends: 'completed',
  effects: [ReserveStock.type, TakePayment.type, BookShipment.type],
  commands: 3,
};
