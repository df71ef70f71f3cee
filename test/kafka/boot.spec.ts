import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { KafkaTransport } from '@skald/kafka';
import { silence } from '../contracts/transport-harness.js';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';

/** A way to Kafka on which the broker hangs up so many times, each time it is first spoken to. */
class Door {
  hungUp = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(private times: number) {
    this.server = createServer((from) => {
      this.sockets.add(from);
      from.on('error', () => from.destroy());
      from.once('data', (first) => {
        this.times -= 1;
        if (this.times < 0) return this.lead(from, first);
        this.hungUp += 1;
        return from.end();
      });
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('it has no port');
    return `127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private lead(from: Socket, first: Buffer): void {
    const [broker = ''] = testKafkaBrokers();
    const [host = '', port] = broker.split(':');
    const to = connect(Number(port), host);
    this.sockets.add(to);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    to.write(first);
    from.pipe(to);
    to.pipe(from);
  }
}

describe('a process that boots while Kafka comes and goes', () => {
  let door: Door;
  let transport: KafkaTransport | undefined;
  afterEach(async () => {
    await transport?.close();
    await door.close();
  });

  it('waits on when the broker takes its connections and hangs up, and says so once', async () => {
    // Each attempt is made of four tries of kafkajs, each a connection.
    door = new Door(10);
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    transport = new KafkaTransport({
      brokers: [await door.open()],
      clientId: 'boot',
      log: { ...silence, log: write, warn: write },
    });

    await transport.ensureTopics([uniqueName('topic')]);

    expect(door.hungUp).toBe(10);
    expect(lines.filter((line) => /^Kafka (does|answers)/.test(line))).toEqual([
      expect.stringMatching(/^Kafka does not answer and is waited for: /),
      'Kafka answers',
    ]);
  }, 60_000);
});
