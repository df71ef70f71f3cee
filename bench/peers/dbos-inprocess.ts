import { DBOS } from '@dbos-inc/dbos-sdk';
import { startDatabase, systemName } from './src/dbos/dbos-peer.js';
import { isRejected } from './src/dbos/rejection.js';
import { launch, leave } from './src/dbos/launch.js';
import { answer, orderSaga, type Order } from './src/order-saga.js';
import { runPeer } from './src/peer.js';

/** DBOS: a saga is a workflow, and its steps are functions of this process. See README.md. */

const POOL_SIZE = 10;

const run = DBOS.registerWorkflow(
  (order: Order) =>
    orderSaga(
      order,
      (step, order) => DBOS.runStep(async () => answer(step, order), { name: step }),
      isRejected,
    ),
  { name: 'order' },
);

await runPeer(async (leftovers) => {
  const { url, durability, cpu } = await startDatabase(leftovers);
  leftovers.add(leave);
  await launch({ databaseUrl: url, executorId: 'sagas', queues: [], poolSize: POOL_SIZE });
  return {
    system: systemName('in-process'),
    settings: [durability, `${POOL_SIZE} connections (default)`, 'one process: the driver runs the sagas'],
    cpu,
    run: (order) => run(order),
  };
});
