import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AnySaga,
  call,
  command,
  type Message,
  replyMessage,
  RequestType,
  saga,
  signal,
  topics,
} from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import { orchestratorSchema, PostgresStore } from '@skald/postgres';
import { RequestRefusedError } from '@skald/ports';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { IsString } from 'class-validator';
import { DataSource } from 'typeorm';
import { silence } from '../contracts/transport-harness.js';
import { until } from '../participant/participant-harness.js';
import { freshDatabase, testKafkaBrokers, uniqueName } from '../setup/real-services.js';
import { readTopic } from '../setup/read-topic.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const Release = command('stock.release', { request: Order });
const Charge = command('payment.charge', { request: Order });
const Paid = signal('paid', { data: Order });
const Price = call('price', { request: Order, reply: Order });
const inputOf = ({ input }: { input: Order }): Order => ({ item: input.item });
const undo = { send: Release, with: inputOf };

const V1 = saga('order', { version: 1, input: Order })
  .step('reserve', { send: Reserve, with: inputOf, undo })
  .waitFor('payment', { signals: [Paid] })
  .build();
const V2 = saga('order', { version: 2, input: Order })
  .onCall(Price, { handle: (_data, { item }) => ({ answer: { item } }) })
  .step('charge', { send: Charge, with: inputOf })
  .step('reserve', { send: Reserve, with: inputOf, undo })
  .waitFor('payment', { signals: [Paid] })
  .build();
const Gift = saga('gift', { version: 1, input: Order })
  .step('wrap', { send: Reserve, with: inputOf, undo })
  .build();
const WithGift = saga('order-with-gift', { version: 1, input: Order })
  .child('gift', { saga: Gift, with: inputOf })
  .waitFor('payment', { signals: [Paid] })
  .build();

const INPUT = { item: 'hat' };
const SAGAS = 12;

/** An old and a new container in the middle of a deploy, on one Kafka and one PostgreSQL, and clients that know neither. */
describe('blue-green on real Kafka and real PostgreSQL', () => {
  const namespace = uniqueName('bluegreen');
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let client: KafkaTransport;
  let blue: SagaEngine;
  let green: SagaEngine;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    database = await freshDatabase(orchestratorSchema);
    client = transport();
    const commands = ['stock', 'payment'].map((name) => topics.commands(namespace, name));
    await client.ensureTopics([...commands, topics.replies(namespace)]);
    await client.consume({
      group: `${namespace}.participants`,
      topics: commands,
      from: 'beginning',
      maximumBatch: 50,
      handle: async (batch) => {
        const yes = { kind: 'succeeded', data: null } as const;
        await client.send(batch.map(({ message }) => replyMessage(message, yes, '/test')));
        return [];
      },
    });
    blue = await start('blue', [V1]);
    green = await start('green', [V1, V2, Gift, WithGift]);
    // Both have their share of the partitions, and know of each other.
    await until(async () => (blue.isReady() && green.isReady() ? true : undefined));
  });
  afterAll(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    await database.drop();
  });

  function transport(): KafkaTransport {
    const made = new KafkaTransport({ brokers: testKafkaBrokers(), clientId: namespace, log: silence });
    closing.push(() => made.close());
    return made;
  }
  /** With a pool of its own, as another container has. */
  async function start(label: string, sagas: readonly AnySaga[]): Promise<SagaEngine> {
    const definitions = new DefinitionRegistry();
    for (const one of sagas) definitions.register(one);
    const { entities } = orchestratorSchema;
    const dataSource = await new DataSource({ type: 'postgres', url: database.url, entities }).initialize();
    closing.push(() => dataSource.destroy());
    const store = new PostgresStore(dataSource);
    const engine = new SagaEngine({
      namespace,
      store,
      transport: transport(),
      definitions,
      log: silence,
      label,
    });
    await engine.start();
    closing.push(() => engine.stop());
    return engine;
  }
  function message(type: string, sagaid: string, data: object, id = `${type} of ${sagaid}`): Message {
    return { specversion: '1.0', id, source: '/t', type, namespace, sagaid, data };
  }
  const send = (messages: readonly Message[]): Promise<void> =>
    client.send(messages.map((one) => ({ topic: topics.requests(namespace), message: one })));
  const ids = (prefix: string): string[] => Array.from({ length: SAGAS }, (_, n) => `${prefix}-${n}`);
  /** Waits until all of these stand like that. */
  const all = (wanted: readonly string[], status: string, step?: string): Promise<true> =>
    until(async () => {
      const found = await Promise.all(wanted.map((id) => blue.find(id)));
      const done = found.every(
        (one) => one?.status === status && (!step || one.visits.at(-1)?.step === step),
      );
      return done ? true : undefined;
    });
  const answerTo = async (id: string): Promise<Message> => {
    const record = await readTopic(topics.events(namespace), ({ value }) =>
      value.includes(`"requestid":"${id}"`),
    );
    return JSON.parse(record.value) as Message;
  };

  it('starts, calls and signals over Kafka reach the version that they mean, whoever reads them', async () => {
    const wanted = ids('wire');
    await send(
      wanted.map((id) => message(RequestType.start, id, { definition: 'order', version: 2, input: INPUT })),
    );
    await all(wanted, 'running', 'payment');
    await send(wanted.map((id) => message(RequestType.call, id, { call: 'price', data: INPUT })));
    await send(wanted.map((id) => message(RequestType.signal, id, { signal: 'paid', data: INPUT })));
    await all(wanted, 'completed');
    for (const id of [wanted[0], wanted.at(-1)]) {
      expect(await answerTo(`${RequestType.call} of ${id}`)).toMatchObject({
        type: 'skald.request.answered',
        data: { answer: INPUT },
      });
    }
  });

  it('every engine serves every version from inside: start, call, operator, signal', async () => {
    const wanted = ids('inside');
    const engines = [blue, green];
    const engineOf = (n: number): SagaEngine => engines[n % 2] ?? blue;
    const started = await Promise.all(
      wanted.map((id, n) => engineOf(n).startSaga({ definition: 'order', id, input: INPUT })),
    );
    expect(new Set(started.map(({ instance }) => instance.definition.version))).toEqual(new Set([2]));
    await all(wanted, 'running', 'payment');
    const answers = await Promise.all(wanted.map((id, n) => engineOf(n).call(id, `c-${id}`, 'price', INPUT)));
    expect(answers).toEqual(wanted.map(() => ({ kind: 'answered', data: INPUT })));
    const note = { actor: 'ada', reason: 'a test' };
    await Promise.all(wanted.map((id, n) => engineOf(n).operate(id, { kind: 'suspend' }, note)));
    await all(wanted, 'suspended');
    await Promise.all(wanted.map((id, n) => engineOf(n + 1).operate(id, { kind: 'resume' }, note)));
    await Promise.all(wanted.map((id, n) => engineOf(n).signal(id, `m-${id}`, 'paid', INPUT)));
    await all(wanted, 'completed');
    const refused: unknown = await blue.cancel(wanted[0] ?? '', 'too late').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RequestRefusedError);
    expect(refused).toMatchObject({ code: 'ended' });
  });

  it('child sagas are started, and undone, by whoever knows them', async () => {
    const wanted = ids('family');
    await Promise.all(
      wanted.map((id) => blue.startSaga({ definition: 'order-with-gift', version: 1, id, input: INPUT })),
    );
    await all(wanted, 'running', 'payment');
    await Promise.all(wanted.map((id) => blue.cancel(id, 'a test')));
    await all(wanted, 'compensated');
  });

  it('a request for what nobody knows is refused at once, and one that is refused later is answered and put aside', async () => {
    await send([
      message(RequestType.start, 'nobody', { definition: 'order', version: 9, input: INPUT }),
      ...ids('bad').map((id) =>
        message(RequestType.start, id, { definition: 'order', version: 2, input: { item: 7 } }),
      ),
    ]);
    const codeOf = async (id: string): Promise<unknown> =>
      (await answerTo(`${RequestType.start} of ${id}`)).data;
    expect(await codeOf('nobody')).toMatchObject({ code: 'unknown_definition' });
    for (const id of ids('bad')) expect(await codeOf(id)).toMatchObject({ code: 'invalid_input' });
    await until(async () => {
      const { total } = await client.deadLetters.list({ namespace, limit: 100 });
      return total === SAGAS + 1 ? true : undefined;
    });
    expect(await database.dataSource.query('SELECT 1 FROM skald_parked')).toEqual([]);
  });

  it('P20: a call at a container that is left alone waits, and is answered when its version is back', async () => {
    await green.startSaga({ definition: 'order', version: 2, id: 'alone', input: INPUT });
    await all(['alone'], 'running', 'payment');
    await green.stop();
    await send([message(RequestType.call, 'alone', { call: 'price', data: INPUT }, 'call-alone')]);
    await until(async () => {
      const rows: unknown[] = await database.dataSource.query('SELECT 1 FROM skald_parked');
      return rows.length === 1 ? true : undefined;
    });
    await expect(blue.cancel('alone', 'a test')).rejects.toMatchObject({ code: 'no_live_owner' });
    await start('green again', [V1, V2]);
    expect(await answerTo('call-alone')).toMatchObject({ data: { answer: INPUT } });
    const processes: { label: string }[] = await database.dataSource.query(
      'SELECT label FROM skald_process ORDER BY label',
    );
    expect(processes.map(({ label }) => label)).toEqual(['blue', 'green again']);
  });
});
