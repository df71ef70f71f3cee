import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { childId, command, type Message, saga, type SagaInstance, signal, topics } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import {
  CommandContext,
  CommandHandler,
  CompensationHandler,
  ParticipantModule,
  ParticipantServer,
} from '@skald/participant';
import { orchestratorSchema, participantSchema, PostgresStore } from '@skald/postgres';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { Controller, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import { freshDatabase } from '../setup/real-services.js';

class Order {
  @IsString()
  item!: string;
}
const Make = command('workshop.make', { request: Order });
const Unmake = command('workshop.unmake', { request: Order });
const Go = signal('go', { data: Order });

const BotSaga = saga('bot', { version: 1, input: Order })
  .step('make', {
    send: Make,
    with: ({ input }) => ({ item: input.item }),
    undo: { send: Unmake, with: ({ input }) => ({ item: input.item }) },
  })
  .waitFor('go', { signals: [Go] })
  .build();
const KidSaga = saga('kid', { version: 1, input: Order })
  .step('make', { send: Make, with: ({ input }) => ({ item: input.item }) })
  .build();
const ParentSaga = saga('parent', { version: 1, input: Order })
  .child('kid', { saga: KidSaga, with: ({ input }) => ({ item: input.item }) })
  .build();

const NAMESPACE = 'shop';
const NOTE = { actor: 'ada', reason: 'it is over' };
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** Handlers wait here while a test wants to see a command pending. */
let gate: Promise<void> = Promise.resolve();
let open = (): void => undefined;

@Controller()
class Workshop {
  @CommandHandler(Make)
  async make({ item }: Order, ctx: CommandContext): Promise<void> {
    await gate;
    await ctx.transaction.query('INSERT INTO bot VALUES ($1)', [item]);
  }

  @CompensationHandler(Unmake)
  async unmake({ item }: Order, ctx: CommandContext): Promise<void> {
    await ctx.transaction.query('DELETE FROM bot WHERE item = $1', [item]);
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain until ${what}`);
}

describe('a saga id that is used again, with the barrier and the store in real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let app: INestApplication;
  let broker: MemoryBroker;
  let engine: SagaEngine;
  let transport: MemoryTransport;
  const replies: Message[] = [];

  beforeAll(async () => {
    database = await freshDatabase({
      entities: [...orchestratorSchema.entities, ...participantSchema.entities],
      migrations: [...orchestratorSchema.migrations, ...participantSchema.migrations],
    });
    const { dataSource } = database;
    await dataSource.query('CREATE TABLE bot (item text)');
    broker = new MemoryBroker({ partitions: 1 });
    const options = { namespace: NAMESPACE, participant: 'workshop', dataSource };

    @Module({
      imports: [ParticipantModule.forRoot({ ...options, transport: new MemoryTransport({ broker }) })],
      controllers: [Workshop],
    })
    class WorkshopModule {}

    app = await NestFactory.create(WorkshopModule, { logger: false });
    app.connectMicroservice({ strategy: app.get(ParticipantServer) });
    await app.startAllMicroservices();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });
  beforeEach(async () => {
    gate = Promise.resolve();
    replies.length = 0;
    await database.dataSource.query('DELETE FROM bot');
    await startEngine();
    await transport.consume({
      group: 'listener',
      topics: [topics.replies(NAMESPACE)],
      from: 'beginning',
      maximumBatch: 10,
      handle: (batch) => {
        replies.push(...batch.map(({ message }) => message));
        return Promise.resolve([]);
      },
    });
  });
  afterEach(async () => {
    open();
    await engine.stop();
    await transport.close();
  });

  async function startEngine(retentionMs?: number): Promise<void> {
    const definitions = new DefinitionRegistry();
    for (const definition of [BotSaga, KidSaga, ParentSaga]) definitions.register(definition);
    transport = new MemoryTransport({ broker });
    engine = new SagaEngine({
      namespace: NAMESPACE,
      store: new PostgresStore(database.dataSource),
      transport,
      definitions,
      log: SILENT,
      ...(retentionMs !== undefined && { retentionMs }),
    });
    await engine.start();
  }

  const has = (id: string, status: SagaInstance['status']): Promise<void> =>
    until(`'${id}' is ${status}`, async () => (await engine.find(id))?.status === status);
  const made = async (): Promise<unknown[]> => {
    const rows = await database.dataSource.query<{ item: string }[]>('SELECT item FROM bot');
    return rows.map(({ item }) => item);
  };
  const begin = async (id: string, item: string): Promise<SagaInstance> => {
    const { instance, isNew } = await engine.startSaga({ definition: 'bot', id, input: { item } });
    expect(isNew).toBe(true);
    return instance;
  };
  /** One life of a bot, compensated by its end. */
  async function live(id: string): Promise<void> {
    await begin(id, 'hat');
    await until('a hat is made', async () => (await made()).length === 1);
    await engine.cancel(id, 'changed my mind');
    await has(id, 'compensated');
    expect(await made()).toEqual([]);
  }
  async function liveAgainAndComplete(id: string): Promise<void> {
    await begin(id, 'coat');
    await engine.signal(id, 'm-1', 'go', { item: 'coat' });
    await has(id, 'completed');
    expect(await made()).toEqual(['coat']);
  }

  it('takes effect again after an operator removed it', async () => {
    await live('removed');
    await engine.operate('removed', { kind: 'remove' }, NOTE);
    await liveAgainAndComplete('removed');
  });

  it('takes effect again after its retention was over', async () => {
    await live('retained');
    await engine.stop();
    await transport.close();
    await startEngine(1);
    await until('it is gone', async () => (await engine.find('retained')) === undefined);
    await liveAgainAndComplete('retained');
  });

  it('is compensated in each of its lives', async () => {
    for (let life = 1; life <= 3; life += 1) {
      await live('thrice');
      await engine.operate('thrice', { kind: 'remove' }, NOTE);
    }
    expect(await made()).toEqual([]);
  });

  it('is not changed by late copies of the replies of its former life', async () => {
    await live('late');
    await engine.operate('late', { kind: 'remove' }, NOTE);
    const former = replies.splice(0);
    expect(former).toHaveLength(2);

    gate = new Promise((resolve) => {
      open = resolve;
    });
    const begun = await begin('late', 'coat');
    const topic = topics.replies(NAMESPACE);
    await transport.send(former.map((message) => ({ topic, message })));
    // What comes behind them in the same partition has been handled: so have they.
    await begin('behind', 'glove');
    await engine.signal('behind', 'm-1', 'go', { item: 'glove' });
    await until('the copies are read', () => Promise.resolve(replies.length >= former.length));
    expect(await engine.find('late')).toEqual(begun);
    open();
    await has('behind', 'completed');
    await until('the coat is made', async () => (await made()).includes('coat'));
    await engine.cancel('late', 'not that either');
    await has('late', 'compensated');
    expect(await made()).toEqual(['glove']);
  });

  it('has children of its own: they are not taken for those of its former life', async () => {
    const instances: SagaInstance[] = [];
    for (const item of ['hat', 'coat']) {
      const { instance } = await engine.startSaga({ definition: 'parent', id: 'family', input: { item } });
      instances.push(instance);
      await has('family', 'completed');
      await engine.operate('family', { kind: 'remove' }, NOTE);
    }
    const children = instances.map((parent) => childId(parent, { step: 'kid', visit: 1 }));
    expect(new Set(children).size).toBe(2);
    expect(await made()).toEqual(['hat', 'coat']);
  });
});
