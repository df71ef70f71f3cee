import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command, saga, topics } from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import { orchestratorSchema, PostgresStore } from '@skald/postgres';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { IsString } from 'class-validator';
import { silence } from '../contracts/transport-harness.js';
import { freshDatabase, testKafkaBrokers, uniqueName } from '../setup/real-services.js';

class Text {
  @IsString()
  text!: string;
}
const Print = command('printer.print', { request: Text });
const PrintSaga = saga('print', { version: 1, input: Text })
  .step('print', { send: Print, with: ({ input }: { input: Text }): Text => input, timeout: '10m' })
  .build();

const SAGAS = 40;
/** Above `message.max.bytes`, which is 1 MiB. */
const TOO_LARGE = 'x'.repeat(1_500_000);

describe('a message that Kafka refuses', () => {
  const namespace = uniqueName('refused');
  const commandTopic = topics.commands(namespace, 'printer');
  const warnings: string[] = [];
  const arrived = new Set<string>();
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let transport: KafkaTransport;
  let engine: SagaEngine;

  beforeAll(async () => {
    database = await freshDatabase(orchestratorSchema);
    transport = new KafkaTransport({ brokers: testKafkaBrokers(), clientId: namespace, log: silence });
    const definitions = new DefinitionRegistry();
    definitions.register(PrintSaga);
    engine = new SagaEngine({
      namespace,
      store: new PostgresStore(database.dataSource),
      transport,
      definitions,
      log: { ...silence, warn: (line) => warnings.push(line) },
    });
    await engine.start();
    await transport.consume({
      group: `${namespace}.printer`,
      topics: [commandTopic],
      from: 'beginning',
      maximumBatch: 100,
      handle: (batch) => {
        for (const { message } of batch) arrived.add(message.sagaid);
        return Promise.resolve([]);
      },
    });
  });
  afterAll(async () => {
    await engine.stop();
    await transport.close();
    await database.drop();
  });

  const owedIds = async (): Promise<string[]> => {
    const rows = await database.dataSource.query<{ message_ids: string[] }[]>(
      'SELECT message_ids FROM skald_outbox',
    );
    return rows.flatMap((row) => row.message_ids);
  };

  it('holds up none of its turn for longer than a few seconds', async () => {
    const ids = Array.from({ length: SAGAS }, (_, n) => `s-${n}`);
    const refused = 's-17';
    await Promise.all(
      ids.map((id) =>
        engine.startSaga({ definition: 'print', id, input: { text: id === refused ? TOO_LARGE : id } }),
      ),
    );
    const end = Date.now() + 25_000;
    while (((await owedIds()).length > 0 || arrived.size < SAGAS - 1) && Date.now() < end) await sleep(100);

    expect([...arrived].toSorted()).toEqual(ids.filter((id) => id !== refused).toSorted());
    expect(await owedIds()).toEqual([]);
    expect(await engine.find(refused)).toMatchObject({
      status: 'suspended',
      suspension: { step: 'print', code: 'message_refused' },
    });
    expect(warnings.join('\n')).not.toContain('xxx');
  }, 60_000);
});
