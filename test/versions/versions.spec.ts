import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type AnySaga, command, replyMessage, saga, signal, topics } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { orchestratorSchema, PostgresStore } from '@skald/postgres';
import { DefinitionRegistry, findMisfits, SagaEngine } from '@skald/runtime';
import { IsString } from 'class-validator';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { freshDatabase } from '../setup/real-services.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const Charge = command('payment.charge', { request: Order });
const Paid = signal('paid', { data: Order });
const inputOf = ({ input }: { input: Order }): Order => ({ item: input.item });

const V1 = saga('order', { version: 1, input: Order })
  .step('reserve', { send: Reserve, with: inputOf })
  .waitFor('payment', { signals: [Paid] })
  .build();
const V1Changed = saga('order', { version: 1, input: Order })
  .step('reserve', { send: Reserve, with: inputOf })
  .step('charge', { send: Charge, with: inputOf })
  .waitFor('payment', { signals: [Paid] })
  .build();
const V2 = saga('order', { version: 2, input: Order })
  .step('charge', { send: Charge, with: inputOf })
  .waitFor('payment', { signals: [Paid] })
  .build();

const ORDER = { item: 'hat' };

describe('versions of a saga, on real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let store: PostgresStore;
  let broker: MemoryBroker;
  let participant: MemoryTransport;
  let said: string[];
  const running: { engine: SagaEngine; transport: MemoryTransport }[] = [];

  beforeAll(async () => {
    database = await freshDatabase(orchestratorSchema);
    store = new PostgresStore(database.dataSource);
  });
  afterAll(() => database.drop());

  beforeEach(async () => {
    await database.dataSource.query(
      'TRUNCATE skald_instance, skald_history, skald_outbox, skald_parked, skald_process',
    );
    broker = new MemoryBroker();
    participant = new MemoryTransport({ broker });
    said = [];
  });
  afterEach(async () => {
    for (const { engine, transport } of running.splice(0)) {
      await engine.stop();
      await transport.close();
    }
    await participant.close();
  });

  /** Instances are compared with their definitions beside the work. */
  async function untilSuspended(engine: SagaEngine, id: string): Promise<void> {
    while (
      (await engine.find(id))?.status !== 'suspended' ||
      !said.some((line) => line.includes('changed'))
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function start(definitions: readonly AnySaga[], namespace = 'shop'): Promise<SagaEngine> {
    const registry = new DefinitionRegistry();
    for (const definition of definitions) registry.register(definition);
    const transport = new MemoryTransport({ broker });
    const note = (line: string): void => void said.push(line);
    const log = { log: note, warn: note, error: note };
    const engine = new SagaEngine({
      namespace,
      store,
      transport,
      definitions: registry,
      log,
      timerPollMs: 50,
    });
    await engine.start();
    running.push({ engine, transport });
    return engine;
  }
  async function stopAll(): Promise<void> {
    for (const { engine, transport } of running.splice(0)) {
      await engine.stop();
      await transport.close();
    }
  }
  /** The participants answer what was sent so far, and whatever comes. */
  async function answer(namespace = 'shop'): Promise<void> {
    const commands = ['stock', 'payment'].map((name) => topics.commands(namespace, name));
    await participant.ensureTopics([...commands, topics.replies(namespace)]);
    await participant.consume({
      group: `participants of ${namespace}`,
      topics: commands,
      from: 'beginning',
      maximumBatch: 10,
      handle: async (batch) => {
        const yes = { kind: 'succeeded', data: null } as const;
        await participant.send(batch.map(({ message }) => replyMessage(message, yes, '/test')));
        return [];
      },
    });
  }
  async function until(
    engine: SagaEngine,
    id: string,
    fits: (step: string | undefined) => boolean,
  ): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      const instance = await engine.find(id);
      if (fits(instance?.visits.at(-1)?.step) || instance?.status === 'suspended') return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`saga ${id} did not get there`);
  }

  it('a running saga of version 1 goes on after a restart with version 2 beside it; a new one takes version 2', async () => {
    await (await start([V1])).startSaga({ definition: 'order', id: 'old', input: ORDER });
    await stopAll();

    const engine = await start([V1, V2]);
    await engine.startSaga({ definition: 'order', id: 'new', input: ORDER });
    await answer();
    await until(engine, 'old', (step) => step === 'payment');
    await until(engine, 'new', (step) => step === 'payment');
    expect((await engine.find('old'))?.visits[0]?.step).toBe('reserve');
    expect((await engine.find('new'))?.visits[0]?.step).toBe('charge');
    await expect(engine.signal('old', 'm-0', 'paid', { item: 7 })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    await engine.signal('old', 'm-1', 'paid', ORDER);
    expect((await engine.find('old'))?.status).toBe('completed');
  });

  it('a changed version 1 is refused at boot: its running instances are suspended and reported', async () => {
    await (await start([V1])).startSaga({ definition: 'order', id: 'old', input: ORDER });
    await stopAll();

    const engine = await start([V1Changed]);
    await untilSuspended(engine, 'old');
    expect(await engine.find('old')).toMatchObject({
      status: 'suspended',
      suspension: { outcome: 'defect', code: 'definition_changed' },
    });
    expect(said.join('\n')).toMatch(/1 instances of 'order@1' are suspended: its structure has changed/);
  });

  it('goes on when the old structure is back and an operator resumes it', async () => {
    await (await start([V1])).startSaga({ definition: 'order', id: 'old', input: ORDER });
    await stopAll();
    await untilSuspended(await start([V1Changed]), 'old');
    await stopAll();

    const engine = await start([V1]);
    await engine.operate('old', { kind: 'resume' }, { actor: 'ada', reason: 'restored' });
    await answer();
    await until(engine, 'old', (step) => step === 'payment');
    expect((await engine.find('old'))?.status).toBe('running');
  });

  it('blue-green: a reply that meets a process which does not know its version is kept for one that does', async () => {
    const green = await start([V1, V2]);
    await green.startSaga({ definition: 'order', id: 'new', input: ORDER });
    await stopAll();
    const blue = await start([V1]);
    await answer();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await blue.find('new'))?.visits.at(-1)?.step).toBe('charge');
    expect(await database.dataSource.query('SELECT definition FROM skald_parked')).toEqual([
      { definition: `order@2#${V2.hash}` },
    ]);
    expect(broker.messages(topics.deadLetters(topics.replies('shop')))).toEqual([]);

    const next = await start([V1, V2]);
    await until(next, 'new', (step) => step === 'payment');
    expect(await database.dataSource.query('SELECT 1 FROM skald_parked')).toEqual([]);
  });

  it('tells before a deploy which in-flight instances a build would not fit', async () => {
    await (await start([V1])).startSaga({ definition: 'order', id: 'old', input: ORDER });
    const misfits = (definitions: readonly AnySaga[]): ReturnType<typeof findMisfits> => {
      const registry = new DefinitionRegistry();
      for (const definition of definitions) registry.register(definition);
      return findMisfits(store, 'shop', registry);
    };
    expect(await misfits([V1, V2])).toEqual([]);
    expect(await misfits([V1Changed])).toEqual([{ definition: 'order@1', count: 1, problem: 'changed' }]);
    expect(await misfits([V2])).toEqual([{ definition: 'order@1', count: 1, problem: 'unknown' }]);
  });

  it('`definitions:check` fails for a changed definition, and passes for a fitting one', async () => {
    const check = async (): Promise<{ code: unknown; stdout: string }> => {
      const env = { ...process.env, DATABASE_URL: database.url, SKALD_NAMESPACE: 'shop' };
      try {
        const file = compiledFile('apps/orchestrator/src/commands/definitions-check.ts');
        return { code: 0, stdout: (await promisify(execFile)(process.execPath, [file], { env })).stdout };
      } catch (error) {
        return error as { code: unknown; stdout: string };
      }
    };
    expect(await check()).toMatchObject({ code: 0, stdout: expect.stringContaining('fits this build') });
    await database.dataSource.query(
      `INSERT INTO skald_instance VALUES ('shop', 'x', 'create-bot@1', 'another hash', 'running', 1,
         '{}', '{"results":{},"visits":[],"cursor":null}', NULL, now(), now())`,
    );
    expect(await check()).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("1 in-flight instances of 'create-bot@1' do not fit"),
    });
  });

  it('namespaces on one database and one broker do not see each other', async () => {
    const shop = await start([V1]);
    const other = await start([V2], 'other');
    await shop.startSaga({ definition: 'order', id: 'same', input: ORDER });
    await other.startSaga({ definition: 'order', id: 'same', input: { item: 'shoe' } });
    await answer('other');
    await until(other, 'same', (step) => step === 'payment');
    expect((await shop.find('same'))?.visits.at(-1)).toMatchObject({
      step: 'reserve',
      action: { state: 'pending' },
    });
    expect((await shop.find('same'))?.input).toEqual(ORDER);
  });

  it('ended instances are removed with their history when the namespace keeps them no longer', async () => {
    const engine = await start([V1]);
    await engine.startSaga({ definition: 'order', id: 'old', input: ORDER });
    await engine.operate('old', { kind: 'terminate' }, { actor: 'ada', reason: 'test' });
    await stopAll();
    const registry = new DefinitionRegistry();
    const transport = new MemoryTransport({ broker });
    const log = { log: () => undefined, warn: () => undefined, error: () => undefined };
    const keeping = new SagaEngine({
      namespace: 'shop',
      store,
      transport,
      definitions: registry,
      log,
      retentionMs: 1,
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await keeping.start();
    running.push({ engine: keeping, transport });
    for (let tries = 0; tries < 100 && (await keeping.find('old')) !== undefined; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await keeping.find('old')).toBeUndefined();
    expect(await keeping.history('old')).toEqual([]);
    const events = broker
      .messages(topics.events('shop'))
      .map(({ value }): { type: string } => JSON.parse(value));
    expect(events.map(({ type }) => type)).toEqual([
      'skald.saga.started',
      'skald.saga.terminated',
      'skald.saga.removed',
    ]);
  });
});
