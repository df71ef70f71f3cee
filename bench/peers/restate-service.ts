import { runPeer } from './src/peer.js';
import { startRestate } from './src/restate/restate-peer.js';

/** Restate: a saga's steps are calls to a service in another process. See README.md. */
await runPeer((leftovers) =>
  startRestate(leftovers, 'steps are calls to a service', {
    participants: new URL('./src/restate/participants.worker.ts', import.meta.url),
    sagas: new URL('./src/restate/sagas-of-calls.worker.ts', import.meta.url),
  }),
);
