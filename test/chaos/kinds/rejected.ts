import { ReserveStock, TakePayment } from '../work/contracts.js';
import { type Kind, orderSaga } from './kind.js';

/** The last step is refused, and the two before it are undone. */
export const rejected: Kind = {
  saga: orderSaga('rejected'),
  share: 20,
  input: { failures: 0, slowMs: 0, refuse: true },
  ends: 'compensated',
  effects: [ReserveStock.type, TakePayment.type],
  commands: 5,
};
