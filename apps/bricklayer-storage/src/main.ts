import 'reflect-metadata';
import { runService, startParticipant } from '@bricklayer/chassis';
import { StorageModule } from './storage.module.js';

await runService('bricklayer-storage', (surroundings) =>
  startParticipant(StorageModule.forRoot(surroundings)),
);
