import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import pg from 'pg';

/** A pooler such as PgBouncer, of a few connections. */
export interface Pooler {
  readonly url: string;
  close(): Promise<void>;
}

const SSL_REQUEST = 80_877_103;

interface Frame {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts what arrives into messages of PostgreSQL's protocol. */
class Frames {
  private rest = Buffer.alloc(0);

  /** @param hasGreeting whether the first message has no type, as that of a client */
  constructor(private hasGreeting: boolean) {}

  take(bytes: Buffer): Frame[] {
    this.rest = Buffer.concat([this.rest, bytes]);
    const frames: Frame[] = [];
    for (;;) {
      const typed = this.hasGreeting ? 0 : 1;
      if (this.rest.length < typed + 4) return frames;
      const end = typed + this.rest.readInt32BE(typed);
      if (this.rest.length < end) return frames;
      const isSsl = this.hasGreeting && this.rest.readInt32BE(4) === SSL_REQUEST;
      const type = isSsl
        ? 'ssl'
        : this.hasGreeting
          ? 'greeting'
          : String.fromCodePoint(this.rest.readUInt8());
      frames.push({ type, bytes: this.rest.subarray(0, end) });
      if (type === 'greeting') this.hasGreeting = false;
      this.rest = this.rest.subarray(end);
    }
  }
}

/**
 * Lends its connections to clients: in mode `session` for as long as a client is connected, in mode `transaction` for one
 * transaction at a time, and each time that one which has rested longest, or as PgBouncer does, shortest. It greets clients with a process id of its own.
 */
export async function startPooler(
  databaseUrl: string,
  mode: 'session' | 'transaction',
  { size = 6, lends = 'oldest' }: { readonly size?: number; readonly lends?: 'oldest' | 'newest' } = {},
): Promise<Pooler> {
  const servers = await Promise.all(Array.from({ length: size }, () => openServer(databaseUrl)));
  const idle = servers.map(({ connection }) => connection.stream as Socket);
  const waiting: ((server: Socket) => void)[] = [];
  const clients = new Set<Socket>();
  const give = (server: Socket): void => {
    server.removeAllListeners('data');
    const next = waiting.shift();
    if (next === undefined) idle.push(server);
    else next(server);
  };

  const proxy = createServer((client) => {
    clients.add(client);
    const fromClient = new Frames(true);
    let fromServer = new Frames(false);
    let server: Socket | undefined;
    let isWaiting = false;
    let owedAnswers = 0;
    let unsent: Buffer[] = [];

    const lent = (given: Socket): void => {
      isWaiting = false;
      server = given;
      fromServer = new Frames(false);
      given.on('data', answer);
      for (const bytes of unsent.splice(0)) given.write(bytes);
    };
    const answer = (bytes: Buffer): void => {
      for (const frame of fromServer.take(bytes)) {
        client.write(frame.bytes);
        if (frame.type !== 'Z') continue;
        owedAnswers -= 1;
        const isFree = owedAnswers === 0 && frame.bytes.toString('latin1', 5) === 'I';
        if (isFree && mode === 'transaction') release();
      }
    };
    const release = (): void => {
      if (server !== undefined) give(server);
      server = undefined;
    };
    const ask = ({ type, bytes }: Frame): void => {
      if (type === 'ssl') client.write('N');
      else if (type === 'greeting') client.write(welcome());
      else if (type === 'X') client.end();
      else {
        if (type === 'Q' || type === 'S') owedAnswers += 1;
        if (server !== undefined) server.write(bytes);
        else {
          unsent.push(Buffer.from(bytes));
          if (isWaiting) return;
          isWaiting = true;
          const next = lends === 'oldest' ? idle.shift() : idle.pop();
          if (next === undefined) waiting.push(lent);
          else lent(next);
        }
      }
    };
    client.on('data', (bytes) => {
      for (const frame of fromClient.take(bytes)) ask(frame);
    });
    client.on('error', () => undefined);
    client.on('close', () => {
      clients.delete(client);
      unsent = [];
      release();
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(address.port);
  return {
    url: url.href,
    close: async () => {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      for (const server of servers) server.connection.stream.destroy();
    },
  };
}

/** A connection that has said who it is, and is read by nobody from now on. */
async function openServer(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client(databaseUrl);
  client.on('error', () => undefined);
  await client.connect();
  client.connection.stream.removeAllListeners('data');
  return client;
}

/** Anybody is let in. The process id is not that of any server process. */
function welcome(): Buffer {
  const bytes = Buffer.alloc(9 + 13 + 6);
  bytes.write('R', 0);
  bytes.writeInt32BE(8, 1);
  bytes.write('K', 9);
  bytes.writeInt32BE(12, 10);
  bytes.writeInt32BE(2_000_000_000, 14);
  bytes.write('Z', 22);
  bytes.writeInt32BE(5, 23);
  bytes.write('I', 27);
  return bytes;
}
