import type { InfraService } from '@skald/infra';
import type { Fault } from './fault.js';

/** Kills a server, and starts it again at once. */
function outageOf(service: InfraService, share: number): Fault {
  let isAway = false;
  return {
    name: `${service} killed`,
    share,
    async strike({ infra }) {
      if (isAway) return undefined;
      isAway = true;
      await infra.pause(service);
      return {
        what: service,
        over: infra.resume(service).finally(() => {
          isAway = false;
        }),
      };
    },
  };
}

export const kafkaOutage = outageOf('kafka', 12);
export const postgresOutage = outageOf('postgres', 12);
