import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message, replyMessage, saga, signal, topics } from '@skald/core';
import { type Consumer, type Store, StoreUnavailableError } from '@skald/ports';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { IsString } from 'class-validator';
import { DefinitionRegistry } from './definition-registry.js';
import { SagaEngine } from './engine.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const Release = command('stock.release', { request: Order });
const inputOf = ({ input }: { input: Order }): Order => input;
/** Asked once, and given 4 s. */
const OrderSaga = saga('order', { version: 1, input: Order })
  .step('reserve', {
    send: Reserve,
    with: inputOf,
    timeout: '4s',
    retry: { maximumAttempts: 1 },
    undo: { send: Release, with: inputOf, timeout: '4s' },
  })
  .build();
/** Asked twice, with a second between. Only so that there is a first look at the groups. */
const PatientSaga = saga('patient', { version: 1, input: Order })
  .step('reserve', {
    send: Reserve,
    with: inputOf,
    timeout: '4s',
    retry: { maximumAttempts: 2, initialInterval: '1s', jitter: 0 },
    undo: { send: Release, with: inputOf, timeout: '4s' },
  })
  .build();

/** Its time is up after 5 s, at which the engine looks at the groups. */
const WaitingSaga = saga('waiting', { version: 1, input: Order })
  .waitFor('go', { signals: [signal('go', { data: Order })], timeout: '5s' })
  .build();

const INPUT = { item: 'hat' };
const COMMANDS = topics.commands('shop', 'stock');
const REPLIES = topics.replies('shop');

describe('a timeout in a system that was idle for a minute', () => {
  let broker: MemoryBroker;
  let memory: MemoryStore;
  let clock: VirtualClock;
  let engine: SagaEngine;
  let isAway = false;
  const transports: MemoryTransport[] = [];

  function transport(): MemoryTransport {
    const made = new MemoryTransport({ broker, clock });
    transports.push(made);
    return made;
  }

  beforeEach(async () => {
    isAway = false;
    broker = new MemoryBroker({ partitions: 1 });
    clock = new VirtualClock();
    memory = new MemoryStore({ now: () => clock.now() });
    const away = (): Promise<never> => Promise.reject(new StoreUnavailableError('the store is away'));
    const store = new Proxy(memory, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        if (name === 'now') return member.bind(target);
        return isAway ? away : member.bind(target);
      },
    }) as unknown as Store;
    const definitions = new DefinitionRegistry();
    for (const one of [OrderSaga, PatientSaga, WaitingSaga]) definitions.register(one);
    const quiet = (): void => undefined;
    engine = new SagaEngine({
      namespace: 'shop',
      store,
      transport: transport(),
      definitions,
      clock,
      random: () => 0.5,
      log: { log: quiet, warn: quiet, error: quiet },
    });
    await engine.start();
  });
  afterEach(async () => {
    isAway = false;
    const stopped = engine.stop();
    await clock.advance(10_000);
    await stopped;
    for (const one of transports.splice(0)) one.abandon();
  });

  let answers = true;
  async function startStock(): Promise<Consumer> {
    const own = transport();
    await own.ensureTopics([COMMANDS, REPLIES]);
    return own.consume({
      group: 'shop.stock',
      topics: [COMMANDS],
      from: 'beginning',
      maximumBatch: 100,
      handle: async (batch) => {
        const yes = { kind: 'succeeded', data: null } as const;
        if (answers) await own.send(batch.map(({ message }) => replyMessage(message, yes, '/stock')));
        return [];
      },
    });
  }
  const sent = (id: string): string[] =>
    broker
      .messages(COMMANDS)
      .map(({ value }): Message => JSON.parse(value))
      .filter(({ sagaid }) => sagaid === id)
      .map(({ type, attempt }) => `${type} #${attempt}`);
  const start = (id: string, definition: string): Promise<unknown> =>
    engine.startSaga({ definition, id, input: INPUT });

  /** One command was once not answered, long ago, so that the engine has looked at the groups. */
  async function onceUponATime(): Promise<void> {
    answers = false;
    await startStock();
    await start('first', 'patient');
    await clock.advance(4_800);
    answers = true;
    await clock.advance(5_000);
    expect((await engine.find('first'))?.status).toBe('completed');
    await start('waits', 'waiting');
    await clock.advance(8_000);
    expect((await engine.find('waits'))?.status).toBe('completed');
    await clock.advance(61_000);
  }

  it('does not beat a success that another replica has had in hand for four seconds', async () => {
    await onceUponATime();
    // It reads replies, and hangs: a replica that is paused, or waits for a lock.
    const hung = transport();
    await hung.consume({
      group: 'shop.orchestrator',
      topics: [topics.requests('shop'), REPLIES],
      from: 'beginning',
      maximumBatch: 100,
      handle: () => new Promise(() => undefined),
    });
    await start('o-1', 'order');
    await clock.advance(10_000);
    expect(broker.messages(REPLIES).length).toBeGreaterThan(1);
    expect(await engine.find('o-1')).toMatchObject({ status: 'running' });
    expect(sent('o-1')).toEqual(['stock.reserve #1']);
  });

  it('does not beat a success that came while the database was away for 70 seconds', async () => {
    await onceUponATime();
    answers = false;
    await start('o-1', 'order');
    await clock.advance(1_000);
    isAway = true;
    // It answers in time, while the orchestrator cannot store anything.
    const [value] = broker.messages(COMMANDS).slice(-1);
    const yes = { kind: 'succeeded', data: null } as const;
    await transport().send([replyMessage(JSON.parse(value?.value ?? ''), yes, '/stock')]);
    await clock.advance(70_000);
    isAway = false;
    await clock.advance(20_000);
    expect(await engine.find('o-1')).toMatchObject({ status: 'completed' });
    expect(sent('o-1')).toEqual(['stock.reserve #1']);
  });
});
