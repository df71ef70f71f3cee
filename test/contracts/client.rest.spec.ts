import { RestSagaClient } from '@skald/client';
import { describeSagaClient } from './client.contract.js';

describeSagaClient('over REST', ({ namespace, url }) =>
  Promise.resolve(new RestSagaClient({ namespace, url })),
);
