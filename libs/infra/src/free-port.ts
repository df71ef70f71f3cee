import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const TAKEN_ATTEMPTS = 5;
const TAKEN_PAUSE_MS = 1_000;

/**
 * Different free TCP ports of 127.0.0.1. Free now: another program may take one before it is used, so whoever
 * binds them must be ready to ask again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  try {
    const ports: number[] = [];
    for (let i = 0; i < count; i++) {
      const server = createServer();
      servers.push(server);
      ports.push(await listen(server));
    }
    return ports;
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no free TCP port on 127.0.0.1');
  return port;
}

/**
 * Starts what must have its old port again. While nobody listened there, a client's connection may have got the port as
 * its own, mostly for a moment.
 */
export async function untilPortIsFree<T>(
  start: () => Promise<T>,
  isPortTaken: (error: unknown) => boolean,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (!isPortTaken(error) || attempt === TAKEN_ATTEMPTS) throw error;
    }
    await sleep(TAKEN_PAUSE_MS);
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
      else reject(new Error(`no port in ${String(address)}`));
    });
  });
}
