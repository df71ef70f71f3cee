import { connect } from 'node:net';
import type { PoolClient } from 'pg';

/** The protocol's code of a cancel request, and how many bytes one has. */
const CANCEL = 80_877_102;
const LENGTH = 16;
const PATIENCE_MS = 5_000;

/**
 * Asks PostgreSQL to cancel what a connection is doing. It is asked over a connection of its own, knows the other by its
 * secret, and answers nothing; when it is not doing anything, nothing happens. Also through pgbouncer.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export function cancelStatement(client: PoolClient): void {
  const process = numberOf(client, 'processID');
  const secret = numberOf(client, 'secretKey');
  if (process === undefined || secret === undefined) return;
  const { host, port } = client;
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  // Whoever is not reached has lost the connection, too.
  socket.on('error', () => socket.destroy());
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  const request = Buffer.alloc(LENGTH);
  request.writeInt32BE(LENGTH, 0);
  request.writeInt32BE(CANCEL, 4);
  request.writeInt32BE(process, 8);
  request.writeInt32BE(secret, 12);
  socket.end(request);
  socket.unref();
}

/** The driver keeps both where it was told them, and has no other way to ask. */
function numberOf(client: PoolClient, member: 'processID' | 'secretKey'): number | undefined {
  const value: unknown = Reflect.get(client, member);
  return typeof value === 'number' ? value : undefined;
}
