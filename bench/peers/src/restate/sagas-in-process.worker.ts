import { service, type Context } from '@restatedev/restate-sdk';
import { orderSaga, type Order } from '../order-saga.js';
import { work } from '../worker.js';
import { sagas } from './contracts.js';
import { answerOrTerminate, isTerminal, serve } from './endpoint.js';

/** Each step is a function of this process, and Restate keeps its result. */
function order(ctx: Context, order: Order) {
  return orderSaga(order, (step, order) => ctx.run(step, () => answerOrTerminate(step, order)), isTerminal);
}

work(() => serve(service({ name: sagas.name, handlers: { order } })));
