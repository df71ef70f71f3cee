import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message, replyMessage, type ReplyOutcome, saga, topics } from '@skald/core';
import { type CrashPoint, RequestRefusedError, type Transport } from '@skald/ports';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { IsInt, IsString } from 'class-validator';
import { DefinitionRegistry } from './definition-registry.js';
import { SagaEngine } from './engine.js';

class Order {
  @IsString()
  item!: string;

  @IsInt()
  amount!: number;
}
class Reserved {
  @IsString()
  reservationId!: string;
}
const Reserve = command('stock.reserve', { request: Order, reply: Reserved, rejections: ['sold_out'] });
const Release = command('stock.release', { request: Order });
const Charge = command('payment.charge', { request: Order, rejections: ['no_money'] });
const inputOf = ({ input }: { input: Order }): Order => input;

const OrderSaga = saga('order', { version: 1, input: Order, retry: { jitter: 0 } })
  .step('reserve', { send: Reserve, with: inputOf, as: 'stock', undo: { send: Release, with: inputOf } })
  .step('charge', { send: Charge, with: inputOf, timeout: '10s', retry: { maximumAttempts: 2 } })
  .build(({ stock }) => ({ reservationId: stock.reservationId }));

const INPUT = { item: 'hat', amount: 3 };
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** Answers commands as the test says, or not at all. */
type Answer = (command: Message) => ReplyOutcome | undefined;
const WELL: ReplyOutcome = { kind: 'succeeded', data: { reservationId: 'r-1' } };
const ALWAYS_WELL: Answer = () => WELL;

describe('the engine', () => {
  let broker: MemoryBroker;
  let store: MemoryStore;
  let clock: VirtualClock;
  let engine: SagaEngine;
  let commands: Message[];
  let answer: Answer;
  let participant: MemoryTransport;
  const transports: MemoryTransport[] = [];

  function transport(): MemoryTransport {
    const made = new MemoryTransport({ broker, clock });
    transports.push(made);
    return made;
  }

  function newEngine(overrides: { transport?: Transport; crash?: CrashPoint } = {}): SagaEngine {
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    return new SagaEngine({
      namespace: 'shop',
      store,
      transport: overrides.transport ?? transport(),
      definitions,
      clock,
      random: () => 0.5,
      log: SILENT,
      crashProbe: (point) =>
        // A crash is an await that never comes back: nothing after it runs.
        point === overrides.crash ? new Promise(() => undefined) : Promise.resolve(),
    });
  }

  beforeEach(async () => {
    broker = new MemoryBroker();
    store = new MemoryStore();
    clock = new VirtualClock();
    commands = [];
    answer = ALWAYS_WELL;
    participant = transport();
    const inbound = [topics.commands('shop', 'stock'), topics.commands('shop', 'payment')];
    await participant.ensureTopics([...inbound, topics.replies('shop')]);
    await participant.consume({
      group: 'participants',
      topics: inbound,
      from: 'beginning',
      maximumBatch: 100,
      handle: async (batch) => {
        for (const { message } of batch) {
          commands.push(message);
          const outcome = answer(message);
          if (outcome) await participant.send([replyMessage(message, outcome, '/test')]);
        }
        return [];
      },
    });
    engine = newEngine();
    await engine.start();
  });

  afterEach(async () => {
    await engine.stop();
    for (const one of transports.splice(0)) await one.close();
  });

  const start = (id = 'o-1', input: unknown = INPUT): ReturnType<SagaEngine['startSaga']> =>
    engine.startSaga({ definition: 'order', id, input });
  const request = (id: string, data: unknown, fields: Partial<Message> = {}): Promise<void> =>
    participant.send([
      {
        topic: fields.type?.startsWith('skald.reply') ? topics.replies('shop') : topics.requests('shop'),
        message: {
          specversion: '1.0',
          id: `request-${id}`,
          source: '/test',
          type: 'skald.saga.start',
          namespace: 'shop',
          sagaid: id,
          data,
          ...fields,
        },
      },
    ]);
  const status = async (id = 'o-1'): Promise<string | undefined> => (await engine.find(id))?.status;
  const events = (): Message[] =>
    broker.messages(topics.events('shop')).map(({ value }): Message => JSON.parse(value));
  const deadLetters = (topic: string): (Record<string, string> | undefined)[] =>
    broker.messages(topics.deadLetters(topic)).map(({ headers }) => headers);

  it('carries a saga from its start to its end', async () => {
    const { isNew, instance } = await start();
    expect(isNew).toBe(true);
    expect(instance.status).toBe('running');
    await clock.advance(100);
    expect(await engine.find('o-1')).toMatchObject({ status: 'completed', output: { reservationId: 'r-1' } });
    expect(commands.map(({ type, step }) => `${type} for ${step}`)).toEqual([
      'stock.reserve for reserve',
      'payment.charge for charge',
    ]);
    expect(events().map(({ type, step }) => (step ? `${type} ${step}` : type))).toEqual([
      'skald.saga.started',
      'skald.saga.step-done reserve',
      'skald.saga.step-done charge',
      'skald.saga.completed',
    ]);
    expect(new Set(events().map(({ id }) => id)).size).toBe(4);
  });

  it('takes messages without waiting until all running instances are compared with their definitions', async () => {
    const slow = newEngine();
    let counted = (): void => undefined;
    const counting = new Promise<void>((resolve) => {
      counted = resolve;
    });
    store.pinned = async () => {
      await counting;
      return [];
    };
    await slow.start();
    await clock.advance(10);
    expect(slow.isReady()).toBe(true);
    counted();
    await slow.stop();
  });

  it('starts a saga on request over the wire', async () => {
    await request('o-2', { definition: 'order', input: INPUT });
    await clock.advance(100);
    expect(await status('o-2')).toBe('completed');
  });

  it('compensates when a participant says no', async () => {
    answer = ({ type }) =>
      type === 'payment.charge'
        ? { kind: 'rejected', code: 'no_money', message: '' }
        : { kind: 'succeeded', data: { reservationId: 'r-1' } };
    await start();
    await clock.advance(100);
    expect(await status()).toBe('compensated');
    expect(commands.at(-1)).toMatchObject({
      type: 'stock.release',
      compensates: commands.find(({ type }) => type === 'stock.reserve')?.id,
    });
  });

  it('sends again when the clock says so, with the same id and the next attempt', async () => {
    answer = ({ type, attempt }) =>
      type === 'payment.charge' && attempt === 1 ? undefined : ALWAYS_WELL({} as Message);
    await start();
    await clock.advance(12_000);
    const charges = commands.filter(({ type }) => type === 'payment.charge');
    expect(charges.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(new Set(charges.map(({ id }) => id)).size).toBe(1);
    expect(await status()).toBe('completed');
  });

  it('publishes every event of the saga as a whole, and the last one when it is removed', async () => {
    await start();
    await clock.advance(100);
    await engine.operate('o-1', { kind: 'remove' }, { actor: 'ada', reason: 'test' });
    await clock.advance(100);
    expect(events().at(-1)).toMatchObject({
      type: 'skald.saga.removed',
      sagaid: 'o-1',
      sagaversion: 'order@1',
    });
    expect(await engine.find('o-1')).toBeUndefined();
  });

  it('writes one history entry per transition, numbered, with what caused it', async () => {
    await start();
    await clock.advance(100);
    const history = await engine.history('o-1');
    expect(history.map(({ sequence, cause, status: after }) => [sequence, cause.kind, after])).toEqual([
      [1, 'started', 'running'],
      [2, 'reply', 'running'],
      [3, 'reply', 'completed'],
    ]);
    expect(JSON.stringify(history)).not.toContain('hat');
  });

  it('carries three hundred sagas that start at once', async () => {
    const all = Array.from({ length: 300 }, (_, index) => start(`o-${index}`));
    await Promise.all(all);
    await clock.advance(1_000);
    const ended = await Promise.all(all.map((_, index) => status(`o-${index}`)));
    expect(new Set(ended)).toEqual(new Set(['completed']));
  });

  it('does not count a reply as missing while it cannot hear replies', async () => {
    await engine.stop();
    const inner = transport();
    let hears = true;
    engine = newEngine({
      transport: {
        ensureTopics: (names) => inner.ensureTopics(names),
        consume: async (options) => {
          const consumer = await inner.consume(options);
          return { isReady: () => hears, problem: () => undefined, stop: () => consumer.stop() };
        },
        send: (messages) => inner.send(messages),
        deadLetter: (letters) => inner.deadLetter(letters),
        close: () => inner.close(),
      },
    });
    await engine.start();
    answer = ({ type }) => (type === 'payment.charge' ? undefined : WELL);
    await start();
    await clock.advance(100);

    hears = false;
    await clock.advance(120_000);
    expect(commands.filter(({ type }) => type === 'payment.charge')).toHaveLength(1);
    expect(await status()).toBe('running');

    hears = true;
    answer = ALWAYS_WELL;
    await clock.advance(15_000);
    expect(commands.filter(({ type }) => type === 'payment.charge')).toHaveLength(2);
    expect(await status()).toBe('completed');
  });

  describe('given bad input', () => {
    it('gives back the same saga when it is started again, and tells its end again', async () => {
      await start();
      await clock.advance(100);
      const again = await start();
      expect(again).toMatchObject({ isNew: false, instance: { status: 'completed' } });
      await clock.advance(100);
      expect(commands).toHaveLength(2);
      const [first, second] = events().filter(({ type }) => type === 'skald.saga.completed');
      expect(second).toEqual(first);
    });

    it.each<[string, string, unknown, string]>([
      ['an unknown definition', 'dance', INPUT, 'unknown_definition'],
      ['invalid input', 'order', { item: 'hat', amount: 'three' }, 'invalid_input'],
      ['no input', 'order', undefined, 'invalid_input'],
    ])('refuses %s', async (_, definition, input, code) => {
      await expect(engine.startSaga({ definition, id: 'o-1', input })).rejects.toMatchObject({ code });
      await request('o-1', { definition, input });
      await clock.advance(100);
      expect(await status()).toBeUndefined();
      expect(deadLetters(topics.requests('shop'))).toEqual([expect.objectContaining({ 'dlq-code': code })]);
      expect(events()).toEqual([
        expect.objectContaining({ type: 'skald.request.refused', sagaid: 'o-1', requestid: 'request-o-1' }),
      ]);
    });

    it('refuses an id that exists with other data, and leaves that saga alone', async () => {
      await start();
      await clock.advance(100);
      const before = await engine.find('o-1');
      await expect(start('o-1', { ...INPUT, amount: 4 })).rejects.toThrow(RequestRefusedError);
      await expect(start('o-1', { ...INPUT, amount: 4 })).rejects.toThrow(/choose another id/);
      expect(await engine.find('o-1')).toEqual(before);
    });

    it('refuses an id with control characters or half a character', async () => {
      await expect(start('a\u0000b')).rejects.toMatchObject({ code: 'invalid_id' });
      await expect(start('\ud800')).rejects.toMatchObject({ code: 'invalid_id' });
    });

    it.each<[string, Partial<Message>, string]>([
      ['of an unknown type', { type: 'skald.saga.dance' }, 'unknown_type'],
      ['without a definition', { data: {} }, 'malformed_request'],
      ['of another namespace', { namespace: 'other' }, 'wrong_namespace'],
      ['that answers no command', { type: 'skald.reply.succeeded' }, 'malformed_reply'],
      [
        'that answers an unknown definition',
        { type: 'skald.reply.succeeded', commandid: 'shop/dance@1/o-9/turn/do/1' },
        'unknown_definition',
      ],
      [
        'that answers an unknown step',
        { type: 'skald.reply.succeeded', commandid: 'shop/order@1/o-9/dance/do/1' },
        'unknown_step',
      ],
      [
        'that does not fit its contract',
        { type: 'skald.reply.succeeded', commandid: 'shop/order@1/o-9/reserve/do/1', data: { nothing: 1 } },
        'invalid_reply',
      ],
    ])('dead-letters a message %s, and handles the good one behind it', async (_, fields, code) => {
      await request('o-9', { definition: 'order', input: INPUT }, fields);
      await request('o-1', { definition: 'order', input: INPUT });
      await clock.advance(100);
      const all = [...deadLetters(topics.requests('shop')), ...deadLetters(topics.replies('shop'))];
      expect(all).toEqual([expect.objectContaining({ 'dlq-code': code })]);
      expect(await status()).toBe('completed');
    });

    it('ignores a reply for nothing that is pending', async () => {
      await request(
        'o-9',
        { reservationId: 'x' },
        {
          type: 'skald.reply.succeeded',
          commandid: 'shop/order@1/o-9/reserve/do/1',
        },
      );
      await clock.advance(100);
      expect(await status('o-9')).toBeUndefined();
      expect(deadLetters(topics.replies('shop'))).toEqual([]);
    });
  });

  describe('after a crash', () => {
    it.each<CrashPoint>(['before commit', 'after commit', 'after send'])(
      '%s, a second engine ends the saga and no command is lost',
      async (point) => {
        await engine.stop();
        const doomed = transport();
        const crashing = newEngine({ transport: doomed, crash: point });
        await crashing.start();
        await request('o-1', { definition: 'order', input: INPUT });
        await clock.advance(100);
        doomed.abandon();
        store.loseConnections();

        engine = newEngine();
        await engine.start();
        await clock.advance(20_000);
        expect(await status()).toBe('completed');
        expect(new Set(commands.map(({ id }) => id)).size).toBe(2);
      },
    );

    it('the relay leaves alone what was confirmed', async () => {
      await start();
      await clock.advance(30_000);
      expect(commands).toHaveLength(2);
    });

    it('the relay sends what could not be sent when it was committed', async () => {
      await engine.stop();
      const flaky = transport();
      let isAway = true;
      const send = flaky.send.bind(flaky);
      flaky.send = (messages) => (isAway ? Promise.reject(new Error('away')) : send(messages));
      engine = newEngine({ transport: flaky });
      await engine.start();
      await start();
      await clock.advance(3_000);
      expect(commands).toEqual([]);
      isAway = false;
      await clock.advance(5_000);
      expect(await status()).toBe('completed');
    });
  });
});
