import { connect } from '@restatedev/restate-sdk-clients';
import type { Leftovers } from '../leftovers.js';
import { packageVersion } from '../package-version.js';
import type { Peer } from '../peer.js';
import { programCpu, type CpuMeter } from '../process-cpu.js';
import { sagas, type Sagas } from './contracts.js';
import { leanFetch } from './lean-fetch.js';
import type { RestateServer, RestateServerSettings } from './server.worker.js';

const PARTITIONS = 4;

/** Starts a Restate server and the services, each in a process of its own. */
export async function startRestate(
  leftovers: Leftovers,
  steps: string,
  services: Readonly<Record<string, URL>>,
): Promise<Peer> {
  const settings: RestateServerSettings = { partitions: PARTITIONS };
  const script = new URL('./server.worker.ts', import.meta.url);
  const { details: server } = await leftovers.worker<RestateServer>('restate keeper', script, settings, {
    detached: true,
  });
  const cpu: Record<string, CpuMeter> = {};
  const serverCpu = await programCpu(server.pid);
  if (serverCpu) cpu['restate'] = serverCpu;
  for (const [name, script] of Object.entries(services)) {
    const service = await leftovers.worker<{ readonly url: string }>(name, script, {});
    cpu[name] = service.cpu;
    await register(server, service.details.url);
  }
  const client = connect({ url: server.ingressUrl, fetch: leanFetch }).serviceClient<Sagas>(sagas);
  return {
    system: `Restate ${packageVersion('@restatedev/restate-server')}, ${steps}`,
    settings: [
      `${PARTITIONS} partitions`,
      'one node, replicated log with its write-ahead log synced (default)',
      'HTTP/2, streaming both ways (default)',
      `SDK ${packageVersion('@restatedev/restate-sdk')}`,
      'started and awaited through the ingress, by a lean HTTP client',
    ],
    cpu,
    run: (order) => Promise.resolve(client.order(order)),
  };
}

async function register({ adminUrl }: RestateServer, serviceUrl: string): Promise<void> {
  const answer = await fetch(`${adminUrl}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: serviceUrl }),
  });
  if (!answer.ok) throw new Error(`Restate refuses the service: ${answer.status} ${await answer.text()}`);
}
