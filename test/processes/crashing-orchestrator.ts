import 'reflect-metadata';
import { runService } from '@bricklayer/chassis';
import { Logger } from '@nestjs/common';
import { startOrchestrator } from '../../apps/orchestrator/src/start-orchestrator.js';
import { crashProbeFromEnvironment } from './crash-probe.js';

const crash = crashProbeFromEnvironment();
await runService(
  'orchestrator',
  async (surroundings) => {
    const app = await startOrchestrator(surroundings, { port: 0 });
    new Logger('REST').log(`listening on ${await app.getUrl()}`);
    return app;
  },
  crash,
);
