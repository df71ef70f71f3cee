import type { Fault } from './fault.js';

/** SIGKILL for one process of a service; its supervisor starts it anew at once. */
export const kill: Fault = {
  name: 'kill',
  share: 40,
  async strike({ replicas }, random) {
    const free = replicas.filter(({ isBusy }) => !isBusy);
    if (free.length === 0) return undefined;
    const replica = random.pick(free, 'replica');
    return { what: replica.name, over: replica.kill() };
  },
};
