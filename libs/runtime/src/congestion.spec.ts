import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message, replyMessage, saga, topics } from '@skald/core';
import type { Consumer } from '@skald/ports';
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

const reserve = {
  send: Reserve,
  with: inputOf,
  timeout: '4s',
  retry: { maximumAttempts: 2, initialInterval: '1s', jitter: 0 },
  undo: { send: Release, with: inputOf, timeout: '4s' },
} as const;
const OrderSaga = saga('order', { version: 1, input: Order }).step('reserve', reserve).build();
const UrgentSaga = saga('urgent', { version: 1, input: Order, deadline: '10s' })
  .step('reserve', reserve)
  .build();
const SleepySaga = saga('sleepy', { version: 1, input: Order }).sleep('a while', '5s').build();

const INPUT = { item: 'hat' };
const COMMANDS = topics.commands('shop', 'stock');
const REPLIES = topics.replies('shop');

/** What a backlog is, and what it must not be taken for. In memory, with a clock that the test moves. */
describe('a time that is up, by a store whose clock is ten minutes ahead of that of the processes', () => {
  let broker: MemoryBroker;
  let store: MemoryStore;
  let clock: VirtualClock;
  let engine: SagaEngine;
  let stock: Consumer | undefined;
  /** The broker takes no commands, though everything else works. */
  let isRefusing = false;
  const lines: string[] = [];
  const transports: MemoryTransport[] = [];
  const engines: SagaEngine[] = [];

  function transport(): MemoryTransport {
    const made = new MemoryTransport({ broker, clock });
    transports.push(made);
    return made;
  }

  async function startEngine(): Promise<SagaEngine> {
    const definitions = new DefinitionRegistry();
    for (const one of [OrderSaga, UrgentSaga, SleepySaga]) definitions.register(one);
    const log = (line: string): number => lines.push(line);
    const own = transport();
    const send = own.send.bind(own);
    own.send = (messages) =>
      isRefusing && messages.some(({ topic }) => topic === COMMANDS)
        ? Promise.reject(new Error('no leader'))
        : send(messages);
    const started = new SagaEngine({
      namespace: 'shop',
      store,
      transport: own,
      definitions,
      clock,
      random: () => 0.5,
      log: { log, warn: log, error: log },
    });
    engines.push(started);
    await started.start();
    return started;
  }

  /** The participant, in the group that the protocol names. It may read and not answer. */
  async function startStock(answers = true, group = 'shop.stock'): Promise<void> {
    const own = transport();
    await own.ensureTopics([COMMANDS, REPLIES]);
    stock = await own.consume({
      group,
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

  /** Takes the replies away from the engine, and does nothing with them. */
  async function hangBesides(): Promise<void> {
    await transport().consume({
      group: 'shop.orchestrator',
      topics: [topics.requests('shop'), REPLIES],
      from: 'beginning',
      maximumBatch: 100,
      handle: () => new Promise(() => undefined),
    });
  }

  beforeEach(async () => {
    // One partition each, so that one hung member has everything.
    broker = new MemoryBroker({ partitions: 1 });
    store = new MemoryStore({ now: () => clock.now() + 600_000 });
    clock = new VirtualClock();
    lines.length = 0;
    isRefusing = false;
    engine = await startEngine();
  });
  afterEach(async () => {
    for (const one of engines.splice(0)) await one.stop();
    for (const one of transports.splice(0)) one.abandon();
  });

  const start = async (id: string, definition = 'order'): Promise<void> => {
    await engine.startSaga({ definition, id, input: INPUT });
  };
  const status = async (id: string): Promise<string | undefined> => (await engine.find(id))?.status;
  const sent = (id: string): string[] =>
    broker
      .messages(COMMANDS)
      .map(({ value }): Message => JSON.parse(value))
      .filter(({ sagaid }) => sagaid === id)
      .map(({ type, attempt }) => `${type} #${attempt}`);
  const causes = async (id: string): Promise<string[]> =>
    (await engine.history(id)).map(({ cause, effects }) =>
      [cause.kind, ...effects.map(({ kind }) => kind)].join(' '),
    );

  describe('while the command lies unread at its participant', () => {
    beforeEach(async () => {
      await startStock();
      await start('before');
      await clock.advance(100);
      await stock?.stop();
    });

    it('is neither a reason to send again nor an attempt, however long, and the saga goes on when it is read', async () => {
      await start('o-1');
      await clock.advance(70_000);
      expect(await status('o-1')).toBe('running');
      expect(sent('o-1')).toEqual(['stock.reserve #1']);

      await startStock();
      await clock.advance(100);
      expect(await status('o-1')).toBe('completed');
      expect(await causes('o-1')).toEqual(['started send', 'timer queued', 'reply publish']);
    });

    it('is told of in the log once, with the topic, and once more when that is over', async () => {
      await start('o-1');
      await start('o-2');
      await clock.advance(20_000);
      await startStock(false);
      await clock.advance(100_000);
      expect(lines.filter((line) => line.includes(COMMANDS) && line.includes('unread'))).toEqual([
        `commands lie unread in '${COMMANDS}': their sagas wait, and no attempt is counted`,
        `what lay unread in '${COMMANDS}' is read`,
      ]);
    });

    it("turns the saga back when the saga's own deadline is over", async () => {
      await start('o-1', 'urgent');
      await clock.advance(10_000);
      expect(await engine.find('o-1')).toMatchObject({
        status: 'compensating',
        failure: { outcome: 'deadline' },
      });
    });

    it('counts once the participant has read it and not answered', async () => {
      await start('o-1');
      await clock.advance(60_000);
      await startStock(false);
      await clock.advance(60_000);
      expect(sent('o-1').slice(0, 2)).toEqual(['stock.reserve #1', 'stock.reserve #2']);
      expect((await engine.find('o-1'))?.failure).toMatchObject({ code: 'no_reply' });
    });
  });

  describe('while the command is still to be sent', () => {
    async function startSome(count: number): Promise<void> {
      isRefusing = true;
      for (let number = 0; number < count; number += 1) await start(`o-${number}`);
      await clock.advance(60_000);
    }

    it('is neither an attempt nor a reason to turn back, however long, and its time begins when it is sent', async () => {
      await startStock();
      await start('before');
      await clock.advance(100);
      await startSome(1);
      expect((await engine.find('o-0'))?.visits[0]?.action).toMatchObject({ state: 'pending', attempt: 1 });
      expect(await status('o-0')).toBe('running');

      isRefusing = false;
      await clock.advance(20_000);
      expect(await status('o-0')).toBe('completed');
      expect(sent('o-0')).toEqual(['stock.reserve #1']);
    });

    it('is none where nothing is known of how far its participant has read', async () => {
      await startSome(1);
      expect((await engine.find('o-0'))?.visits[0]?.action).toMatchObject({ state: 'pending', attempt: 1 });

      isRefusing = false;
      await clock.advance(30_000);
      expect(sent('o-0').slice(0, 2)).toEqual(['stock.reserve #1', 'stock.reserve #2']);
      await clock.advance(30_000);
      expect((await engine.find('o-0'))?.failure).toMatchObject({ code: 'no_reply' });
    });

    it('is none of many sagas that the relay sends one after the other', async () => {
      await startStock();
      await start('before');
      await clock.advance(100);
      await startSome(150);
      isRefusing = false;
      await clock.advance(60_000);
      for (let number = 0; number < 150; number += 1) {
        expect(await status(`o-${number}`)).toBe('completed');
        expect(sent(`o-${number}`)).toEqual(['stock.reserve #1']);
      }
    });
  });

  it.each([
    ['has never taken anything', undefined],
    ['takes its commands in a group of another name', 'stock-service'],
  ])('counts as ever when the participant %s', async (_, group) => {
    if (group !== undefined) await startStock(false, group);
    await start('o-1');
    await clock.advance(4_000);
    await clock.advance(500);
    expect((await engine.find('o-1'))?.visits[0]?.action).toMatchObject({ state: 'waiting', unanswered: 1 });
    await clock.advance(1_000);
    await clock.advance(5_000);
    expect(sent('o-1').slice(0, 2)).toEqual(['stock.reserve #1', 'stock.reserve #2']);
    expect((await engine.find('o-1'))?.failure).toMatchObject({ code: 'no_reply' });
  });

  describe('while replies that came before it lie unread at the orchestrators (K5)', () => {
    it.each(['order', 'urgent'])(
      "does not beat a success that lies there: '%s' completes",
      async (definition) => {
        await start('o-1', definition);
        await engine.stop();
        await startStock();
        await clock.advance(60_000);

        engine = await startEngine();
        await clock.advance(1_000);
        expect(await status('o-1')).toBe('completed');
        expect(sent('o-1')).toEqual(['stock.reserve #1']);
      },
    );

    it('waits for another replica that has them in hand, and does not hold up pauses', async () => {
      await startStock(false);
      await hangBesides();
      await start('o-1');
      await start('z-1', 'sleepy');
      await transport().send([{ topic: REPLIES, message: anyReply() }]);

      await clock.advance(30_000);
      expect(await status('z-1')).toBe('completed');
      expect((await engine.find('o-1'))?.visits[0]?.action).toMatchObject({ state: 'pending', attempt: 1 });
      expect(await causes('o-1')).toEqual(['started send']);
    });
  });

  it('lets no more be sent again to a participant that reads and answers nobody than its budget allows', async () => {
    await startStock(false);
    for (let number = 0; number < 40; number += 1) await start(`o-${number}`);
    await clock.advance(5_500);

    const resends = broker.messages(COMMANDS).length - 40;
    // Ten to begin with, a tenth of 40, and one a second.
    expect(resends).toBeGreaterThanOrEqual(14);
    expect(resends).toBeLessThanOrEqual(20);
    expect(lines.filter((line) => line.includes('further attempts wait'))).toHaveLength(1);
    await clock.advance(10_000);
    expect(broker.messages(COMMANDS).length - 40).toBeGreaterThanOrEqual(resends + 10);
  });

  /** For a saga that nobody knows: it is read and ignored, where somebody reads it. */
  function anyReply(): Message {
    return {
      specversion: '1.0',
      id: 'shop/order@1/nobody/reserve/do/1/reply',
      source: '/stock',
      type: 'skald.reply.succeeded',
      namespace: 'shop',
      sagaid: 'nobody',
      commandid: 'shop/order@1/nobody/reserve/do/1',
      data: null,
    };
  }
});
