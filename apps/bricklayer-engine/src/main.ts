import 'reflect-metadata';
import { runService, startParticipant } from '@bricklayer/chassis';
import { EngineModule } from './engine.module.js';

await runService('bricklayer-engine', (surroundings, config) =>
  startParticipant(EngineModule.forRoot(surroundings), config),
);
