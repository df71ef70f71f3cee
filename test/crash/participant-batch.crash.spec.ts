import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Message, topics } from '@skald/core';
import { ServiceProcess } from '@skald/infra';
import type { CrashPoint } from '@skald/ports';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { kafkaHarness } from '../contracts/kafka-harness.js';
import type { TransportHarness } from '../contracts/transport-harness.js';
import { commandMessage, until } from '../participant/participant-harness.js';
import { freshDatabase, testKafkaBrokers, uniqueName } from '../setup/real-services.js';

const COMMANDS = 100;

describe('a participant whose commands share transactions, killed with SIGKILL', () => {
  let harness: TransportHarness;
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: ServiceProcess | undefined;

  beforeAll(async () => {
    harness = await kafkaHarness();
  });
  afterAll(() => harness.close());
  afterEach(async () => {
    await participant?.stop();
    await database.drop();
  });

  it.each<[CrashPoint, number, string]>([
    ['before commit', 2, 'what shared the transaction is rolled back and done once by the next process'],
    ['after commit', 1, 'the stored replies are sent by the next process'],
    ['after send', 1, 'the replies come twice, the effects once'],
    ['before offset commit', 1, 'the batch comes again and the barrier answers it'],
  ])('%s (the %ith time): %s', async (point, occurrence) => {
    database = await freshDatabase({});
    const namespace = uniqueName('crash');
    const commands = topics.commands(namespace, 'payment');
    const replies = topics.replies(namespace);
    const start = (env: Record<string, string>, ready?: RegExp): Promise<ServiceProcess> =>
      ServiceProcess.start({
        name: 'payment',
        script: compiledFile('test/processes/crashing-batch-participant.ts'),
        env: {
          KAFKA_BROKERS: testKafkaBrokers().join(','),
          DATABASE_URL: database.url,
          SKALD_NAMESPACE: namespace,
          ...env,
        },
        ...(ready && { ready }),
      });
    const sent = Array.from({ length: COMMANDS }, (_, number) =>
      commandMessage('payment.charge', `saga-${number}`, { number }, { namespace, replyto: replies }),
    );
    const { transport } = harness.start();
    await transport.ensureTopics([commands]);
    await transport.send(sent.map((message) => ({ topic: commands, message })));
    await transport.close();

    // It may be dead before it can say that it is ready.
    participant = await start({ SKALD_CRASH_AT: point, SKALD_CRASH_ON: String(occurrence) }, /./);
    expect(await participant.exited).toMatchObject({ signal: 'SIGKILL' });
    participant = await start({});

    const answered = await until(async () => {
      const records = await harness.records(replies);
      const ids = new Set(records.map(({ value }) => (JSON.parse(value) as Message).commandid));
      return ids.size === COMMANDS ? ids : undefined;
    });
    expect(answered).toEqual(new Set(sent.map(({ id }) => id)));
    const [row]: object[] = await database.dataSource.query(
      'SELECT count(*)::int AS count, count(DISTINCT number)::int AS different FROM payment',
    );
    expect(row).toEqual({ count: COMMANDS, different: COMMANDS });
  });
});
