import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { runService, startParticipant } from '@bricklayer/chassis';
import { StorageModule } from '../../apps/bricklayer-storage/src/storage.module.js';

const SLOW_MS = 2_000;

/** Takes two seconds for each command, after its effect and before it commits, and says when it begins to wait. */
await runService(
  'bricklayer-storage',
  (surroundings, config) => startParticipant(StorageModule.forRoot(surroundings), config),
  {
    crashProbe: async (point) => {
      if (point !== 'before commit') return;
      console.log('a command is in hand');
      await sleep(SLOW_MS);
    },
  },
);
