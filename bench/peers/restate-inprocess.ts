import { runPeer } from './src/peer.js';
import { startRestate } from './src/restate/restate-peer.js';

/** Restate: a saga's steps are functions of its own process. See README.md. */
await runPeer((leftovers) =>
  startRestate(leftovers, 'steps in-process', {
    sagas: new URL('./src/restate/sagas-in-process.worker.ts', import.meta.url),
  }),
);
