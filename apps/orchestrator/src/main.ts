import 'reflect-metadata';
import { runService } from '@bricklayer/chassis';
import { Logger } from '@nestjs/common';
import { startOrchestrator } from './start-orchestrator.js';

await runService('orchestrator', async (surroundings, { port, host }) => {
  const app = await startOrchestrator(surroundings, { port, host });
  new Logger('REST').log(`listening on ${await app.getUrl()}`);
  return app;
});
