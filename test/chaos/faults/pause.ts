import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.js';

const PAUSE_MS = 40_000;

/** SIGSTOP for one process of a service, and SIGCONT after 40 s: its group has given it up by then. */
export const pause: Fault = {
  name: 'pause',
  share: 20,
  async strike(cluster, random) {
    const free = cluster.replicas.filter(({ isBusy }) => !isBusy);
    if (free.length === 0) return undefined;
    const replica = random.pick(free, 'replica');
    const goOn = cluster.pause(replica);
    return { what: replica.name, over: sleep(PAUSE_MS).then(goOn) };
  },
};
