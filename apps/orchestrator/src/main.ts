import 'reflect-metadata';
import { listeningText, runService } from '@bricklayer/chassis';
import { Logger } from '@nestjs/common';
import { startOrchestrator } from './start-orchestrator.js';

await runService('orchestrator', async (surroundings, { port, host, http }) => {
  const app = await startOrchestrator(surroundings, { port, host, ...http });
  new Logger('REST').log(`listening on ${listeningText(app.getHttpServer())}`);
  return app;
});
