import 'reflect-metadata';
import { runService, startParticipant } from '@bricklayer/chassis';
import { ConstructorModule } from './constructor.module.js';

await runService('bricklayer-constructor', (surroundings, config) =>
  startParticipant(ConstructorModule.forRoot(surroundings), config),
);
