import { KafkaSagaClient } from '@skald/client';
import { describeSagaClient } from './client.contract.js';

describeSagaClient('over Kafka', async (orchestrator) => {
  const { namespace } = orchestrator;
  const client = new KafkaSagaClient({ namespace, transport: orchestrator.transport(), name: 'test' });
  await client.connect();
  return client;
});
