import 'reflect-metadata';
import { runService, startParticipant } from '@bricklayer/chassis';
import { StorageModule } from './storage.module.js';

await runService('bricklayer-storage', (surroundings, config) =>
  startParticipant(StorageModule.forRoot(surroundings), config),
);
