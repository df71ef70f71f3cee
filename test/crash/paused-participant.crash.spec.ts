import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Message, topics } from '@skald/core';
import { ServiceProcess } from '@skald/infra';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { kafkaHarness } from '../contracts/kafka-harness.js';
import type { TransportHarness } from '../contracts/transport-harness.js';
import { commandMessage, until } from '../participant/participant-harness.js';
import { freshDatabase, testKafkaBrokers, uniqueName } from '../setup/real-services.js';

const COMMANDS = 20;
/** What PostgreSQL needs to end the transaction of a paused process. */
const PROMISED_MS = 15_000;

describe('a participant that is paused in the middle of a transaction, with its sockets left open', () => {
  let harness: TransportHarness;
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  const started: ServiceProcess[] = [];

  beforeAll(async () => {
    harness = await kafkaHarness();
  });
  afterAll(() => harness.close());
  afterEach(async () => {
    for (const one of started.splice(0)) {
      one.kill('SIGKILL');
      await one.exited;
    }
    await database.drop();
  });

  it('loses its locks within 15 s, its replica does its work once, and woken it changes nothing', async () => {
    database = await freshDatabase({});
    const namespace = uniqueName('paused');
    const commands = topics.commands(namespace, 'payment');
    const replies = topics.replies(namespace);
    const start = async (env: Record<string, string>, ready?: RegExp): Promise<ServiceProcess> => {
      const one = await ServiceProcess.start({
        name: 'payment',
        script: compiledFile('test/processes/crashing-batch-participant.ts'),
        env: {
          KAFKA_BROKERS: testKafkaBrokers().join(','),
          DATABASE_URL: database.url,
          SKALD_NAMESPACE: namespace,
          NO_COLOR: '1',
          ...env,
        },
        ...(ready && { ready }),
      });
      started.push(one);
      return one;
    };
    const inTransaction = async (): Promise<number> => {
      const [row] = await database.dataSource.query<{ count: number }[]>(
        `SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE datname = current_database() AND state = 'idle in transaction'`,
      );
      return row?.count ?? 0;
    };
    const { transport } = harness.start();
    await transport.ensureTopics([commands]);
    const sent = Array.from({ length: COMMANDS }, (_, number) =>
      commandMessage('payment.charge', `saga-${number}`, { number }, { namespace, replyto: replies }),
    );
    await transport.send(sent.map((message) => ({ topic: commands, message })));
    await transport.close();

    const paused = await start({ SKALD_CRASH_AT: 'before commit', SKALD_CRASH_SIGNAL: 'SIGSTOP' }, /./);
    await until(async () => ((await inTransaction()) > 0 ? true : undefined));
    const begun = Date.now();
    await until(async () => ((await inTransaction()) === 0 ? true : undefined), PROMISED_MS);
    expect(Date.now() - begun).toBeLessThan(PROMISED_MS);

    await start({});
    const answered = (): Promise<Set<unknown> | undefined> =>
      harness.records(replies).then((records) => {
        const ids = new Set(records.map(({ value }) => (JSON.parse(value) as Message).commandid));
        return ids.size === COMMANDS ? ids : undefined;
      });
    await until(answered, 45_000);
    const payments = (): Promise<object[]> =>
      database.dataSource.query(
        'SELECT count(*)::int AS count, count(DISTINCT number)::int AS one FROM payment',
      );
    expect(await payments()).toEqual([{ count: COMMANDS, one: COMMANDS }]);

    const said = paused.lines.length;
    paused.kill('SIGCONT');
    await until(() => (paused.lines.length > said ? true : undefined));
    await paused.stop();
    expect(await payments()).toEqual([{ count: COMMANDS, one: COMMANDS }]);
  }, 120_000);
});
