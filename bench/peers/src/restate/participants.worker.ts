import { service, type Context } from '@restatedev/restate-sdk';
import { stepNames, type Order } from '../order-saga.js';
import { work } from '../worker.js';
import { participants, type Participants } from './contracts.js';
import { answerOrTerminate, serve } from './endpoint.js';

const handlers = Object.fromEntries(
  stepNames.map((step) => [step, async (_: Context, order: Order) => answerOrTerminate(step, order)]),
) as Participants;

work(() => serve(service({ name: participants.name, handlers })));
