import 'reflect-metadata';
import { runService } from '@bricklayer/chassis';
import { startOrchestrator } from '../../../apps/orchestrator/src/start-orchestrator.js';
import { KINDS } from '../kinds/index.js';

await runService('chaos-orchestrator', (surroundings, { port }) =>
  startOrchestrator(
    surroundings,
    { port },
    {},
    KINDS.map(({ saga }) => saga),
  ),
);
