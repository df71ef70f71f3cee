import 'reflect-metadata';
import { runService, startParticipant } from '@bricklayer/chassis';
import { StorageModule } from '../../apps/bricklayer-storage/src/storage.module.js';
import { crashProbeFromEnvironment } from './crash-probe.js';

await runService(
  'bricklayer-storage',
  (surroundings, config) => startParticipant(StorageModule.forRoot(surroundings), config),
  crashProbeFromEnvironment(),
);
