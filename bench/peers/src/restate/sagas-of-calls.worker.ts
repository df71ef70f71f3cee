import { service, type Context } from '@restatedev/restate-sdk';
import { orderSaga, type Order } from '../order-saga.js';
import { work } from '../worker.js';
import { participants, sagas, type Participants } from './contracts.js';
import { isTerminal, serve } from './endpoint.js';

/** Each step is a call of the participants' service, through the Restate server. */
function order(ctx: Context, order: Order) {
  const client = ctx.serviceClient<Participants>(participants);
  return orderSaga(order, (step, order) => client[step](order), isTerminal);
}

work(() => serve(service({ name: sagas.name, handlers: { order } })));
