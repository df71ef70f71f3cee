import type { Context } from '@restatedev/restate-sdk';
import type { Order, SagaEnd, StepName, StepReply } from '../order-saga.js';

export type Participants = Record<StepName, (ctx: Context, order: Order) => Promise<StepReply>>;
export const participants = { name: 'participants' } as const;

export interface Sagas {
  readonly order: (ctx: Context, order: Order) => Promise<SagaEnd>;
}
export const sagas = { name: 'sagas' } as const;
