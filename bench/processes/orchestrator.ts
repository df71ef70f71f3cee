import 'reflect-metadata';
import { startOrchestrator } from '../../apps/orchestrator/src/start-orchestrator.js';
import { OrderSaga } from '../work.js';
import { benchProcess } from './bench-process.js';

await benchProcess('orchestrator', async ({ settings: { namespace, databases }, transport }) => {
  const databaseUrl = databases['orchestrator'] ?? '';
  const app = await startOrchestrator({ namespace, databaseUrl, transport }, { port: 0 }, {}, [OrderSaga]);
  return { close: () => app.close() };
});
