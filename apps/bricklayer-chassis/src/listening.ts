import type { Server } from 'node:net';

/** Where a server really listens: what the operating system says, not what was asked for. */
export function listeningAddress(server: Pick<Server, 'address'>): {
  readonly address: string;
  readonly port: number;
} {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address;
}

/** For the log: `http://0.0.0.0:3000 which is every address of this machine`. */
export function listeningText(server: Pick<Server, 'address'>): string {
  const { address, port } = listeningAddress(server);
  const text = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  const isEvery = address === '0.0.0.0' || address === '::';
  return isEvery ? `${text} which is every address of this machine` : text;
}
