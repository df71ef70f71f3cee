import { DBOS } from '@dbos-inc/dbos-sdk';
import { startDatabase, systemName } from './src/dbos/dbos-peer.js';
import { isRejected } from './src/dbos/rejection.js';
import { launch, leave, type LaunchSettings } from './src/dbos/launch.js';
import { STEP_QUEUE, stepWorkflows } from './src/dbos/step-queue.js';
import { orderSaga, type Order, type StepName, type StepReply } from './src/order-saga.js';
import { runPeer } from './src/peer.js';

/** DBOS: a saga is a workflow, and each step is one on a queue, which another process works. See README.md. */

const POOL_SIZE = 10;
const QUEUE_POLL_MS = 5;
const RESULT_POLL_MS = 5;

async function call(step: StepName, order: Order): Promise<StepReply> {
  const handle = await DBOS.startWorkflow(stepWorkflows[step], { queueName: STEP_QUEUE })(order);
  return await handle.getResult({ pollingIntervalMs: RESULT_POLL_MS });
}

const run = DBOS.registerWorkflow((order: Order) => orderSaga(order, call, isRejected), { name: 'order' });

await runPeer(async (leftovers) => {
  const { url, durability, cpu } = await startDatabase(leftovers);
  const common = { databaseUrl: url, poolSize: POOL_SIZE };
  leftovers.add(leave);
  await launch({ ...common, executorId: 'sagas', queues: [] });
  await DBOS.registerQueue(STEP_QUEUE, { minPollingIntervalMs: QUEUE_POLL_MS });
  const script = new URL('./src/dbos/participants.worker.ts', import.meta.url);
  const settings: LaunchSettings = { ...common, executorId: 'participants', queues: [STEP_QUEUE] };
  const participants = await leftovers.worker('participants', script, settings);
  return {
    system: systemName('queue to another process'),
    settings: [
      durability,
      `${POOL_SIZE} connections in each process (default)`,
      `the queue is polled every ${QUEUE_POLL_MS} ms, without a limit of concurrency`,
      `a result is polled every ${RESULT_POLL_MS} ms`,
      'two processes: the driver runs the sagas',
    ],
    cpu: { participants: participants.cpu, ...cpu },
    run: (order) => run(order),
  };
});
