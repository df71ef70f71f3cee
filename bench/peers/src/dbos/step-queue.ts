import { DBOS } from '@dbos-inc/dbos-sdk';
import { answer, stepNames, type Order, type StepName, type StepReply } from '../order-saga.js';

export const STEP_QUEUE = 'steps';

/** The steps as workflows: both processes know them, the one that works the queue runs them. */
export const stepWorkflows = Object.fromEntries(
  stepNames.map((step) => [
    step,
    DBOS.registerWorkflow(async (order: Order) => answer(step, order), { name: step }),
  ]),
) as Record<StepName, (order: Order) => Promise<StepReply>>;
