import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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
import { RequestRefusedError } from '@skald/ports';
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
const Paid = signal('paid', { data: Order });
const Price = call('price', { request: Order, reply: Order });
const inputOf = ({ input }: { input: Order }): Order => ({ item: input.item });
const undo = { send: Release, with: inputOf };

const V1 = saga('order', { version: 1, input: Order })
  .step('reserve', { send: Reserve, with: inputOf, undo })
  .waitFor('payment', { signals: [Paid] })
  .build();
const V1Changed = saga('order', { version: 1, input: Order })
  .sleep('think', '3s')
  .waitFor('payment', { signals: [Paid] })
  .build();
const V2 = saga('order', { version: 2, input: Order })
  .onCall(Price, { handle: (_data, { item }) => ({ answer: { item } }) })
  .step('reserve', { send: Reserve, with: inputOf, undo })
  .waitFor('payment', { signals: [Paid] })
  .build();
const Kid = saga('kid', { version: 1, input: Order })
  .waitFor('go', { signals: [Paid] })
  .build();
const Parent = saga('parent', { version: 1, input: Order })
  .child('kid', { saga: Kid, with: inputOf })
  .waitFor('payment', { signals: [Paid] })
  .build();
const Nap = saga('nap', { version: 1, input: Order }).sleep('nap', '2s').build();

const INPUT = { item: 'hat' };
const NOTE = { actor: 'ada', reason: 'a test' };

describe('blue-green: processes that know different definitions', () => {
  let broker: MemoryBroker;
  let store: MemoryStore;
  let clock: VirtualClock;
  let client: MemoryTransport;
  let lines: string[];
  const running = new Map<SagaEngine, { transport: MemoryTransport; isAlive: boolean }>();

  beforeEach(async () => {
    // One partition of each topic: whoever began first reads the requests.
    broker = new MemoryBroker({ partitions: 1 });
    clock = new VirtualClock();
    store = new MemoryStore({ now: () => clock.now() });
    lines = [];
    client = new MemoryTransport({ broker, clock });
    await client.ensureTopics([
      topics.commands('shop', 'stock'),
      topics.replies('shop'),
      topics.requests('shop'),
      topics.events('shop'),
    ]);
    await client.consume({
      group: 'participants',
      topics: [topics.commands('shop', 'stock')],
      from: 'beginning',
      maximumBatch: 10,
      handle: async (batch) => {
        const yes = { kind: 'succeeded', data: null } as const;
        await client.send(batch.map(({ message }) => replyMessage(message, yes, '/test')));
        return [];
      },
    });
  });
  afterEach(async () => {
    for (const engine of running.keys()) await stop(engine);
    await client.close();
  });

  async function start(...definitions: readonly AnySaga[]): Promise<SagaEngine> {
    const registry = new DefinitionRegistry();
    for (const definition of definitions) registry.register(definition);
    const transport = new MemoryTransport({ broker, clock });
    const process = { transport, isAlive: true };
    const note = (line: string): void => void lines.push(line);
    const engine = new SagaEngine({
      namespace: 'shop',
      store,
      transport,
      definitions: registry,
      clock: {
        now: () => clock.now(),
        elapsed: () => clock.elapsed(),
        after: (milliseconds, callback) => clock.after(milliseconds, () => process.isAlive && callback()),
      },
      random: () => 0.5,
      log: { log: note, warn: note, error: note },
    });
    await engine.start();
    running.set(engine, process);
    return engine;
  }
  async function stop(engine: SagaEngine): Promise<void> {
    await engine.stop();
    await running.get(engine)?.transport.close();
    running.delete(engine);
  }
  /** Ends it as SIGKILL does: nobody is told. */
  function kill(engine: SagaEngine): void {
    const process = running.get(engine);
    if (process === undefined) return;
    process.isAlive = false;
    process.transport.abandon();
    running.delete(engine);
  }
  function send(type: string, sagaid: string, data: object, fields: Partial<Message> = {}): Promise<void> {
    const id = `${type} of ${sagaid}`;
    const message = { specversion: '1.0', id, source: '/t', type, namespace: 'shop', sagaid, data } as const;
    return client.send([{ topic: topics.requests('shop'), message: { ...message, ...fields } }]);
  }
  /** What comes of a promise while the clock goes on. */
  async function during<T>(promise: Promise<T>, milliseconds = 2_000): Promise<T> {
    promise.catch(() => undefined);
    await clock.advance(milliseconds);
    return await promise;
  }
  const messagesOn = (topic: string): Message[] =>
    broker.messages(topic).map(({ value }): Message => JSON.parse(value));
  const answersTo = (id: string): Message[] =>
    messagesOn(topics.events('shop')).filter(({ requestid }) => requestid === id);
  const letters = (topic: string): Record<string, string>[] =>
    broker.messages(topics.deadLetters(topic)).map(({ headers }) => ({ ...headers }));
  const find = (id: string): ReturnType<SagaEngine['find']> =>
    store.find([{ namespace: 'shop', id }]).then(([one]) => one);
  const refusal = async (promise: Promise<unknown>, milliseconds?: number): Promise<RequestRefusedError> => {
    const error: unknown = await during(promise, milliseconds).catch((thrown: unknown) => thrown);
    if (error instanceof RequestRefusedError) return error;
    throw new Error(`it was not refused: ${String(error)}`);
  };

  describe('messages at a process that lacks the definition', () => {
    it('a start is kept for a live process that knows the version', async () => {
      await start(V1);
      await start(V1, V2);
      await send(RequestType.start, 'o', { definition: 'order', version: 2, input: INPUT });
      await clock.advance(1_000);
      expect(await find('o')).toMatchObject({ definition: { version: 2 }, status: 'running' });
      expect(letters(topics.requests('shop'))).toEqual([]);
    });

    it('a start without a version gets the newest that any live process knows', async () => {
      const old = await start(V1);
      await start(V1, V2);
      await clock.advance(2_500);
      await send(RequestType.start, 'over the wire', { definition: 'order', input: INPUT });
      await clock.advance(1_000);
      expect((await find('over the wire'))?.definition.version).toBe(2);
      const { instance, isNew } = await during(
        old.startSaga({ definition: 'order', id: 'inside', input: INPUT }),
      );
      expect(isNew).toBe(true);
      expect(instance.definition.version).toBe(2);
    });

    it('a start that no live process knows is refused at once, answered and dead-lettered', async () => {
      await start(V1);
      await start(V1, V2);
      await send(RequestType.start, 'o', { definition: 'order', version: 3, input: INPUT });
      await clock.advance(10);
      expect(answersTo('skald.saga.start of o')).toMatchObject([
        { type: 'skald.request.refused', data: { code: 'unknown_definition' } },
      ]);
      expect(answersTo('skald.saga.start of o')[0]?.data).toMatchObject({
        message: expect.stringContaining('known: order@1, order@2'),
      });
      expect(letters(topics.requests('shop'))).toMatchObject([{ 'dlq-code': 'unknown_definition' }]);
    });

    it('a definition whose process has vanished counts as unknown after 15 seconds', async () => {
      await start(V1);
      kill(await start(V1, V2));
      await clock.advance(16_000);
      await send(RequestType.start, 'o', { definition: 'order', version: 2, input: INPUT });
      await clock.advance(10);
      expect(letters(topics.requests('shop'))).toMatchObject([{ 'dlq-code': 'unknown_definition' }]);
    });

    describe('after an outage of the database in which all notes have grown too old', () => {
      let isFirstBack: boolean;
      let isAway: boolean;
      beforeEach(async () => {
        await start(V1);
        await start(V1, V2);
        await clock.advance(2_500);
        const beat = store.processes.beat.bind(store.processes);
        isAway = true;
        isFirstBack = false;
        let first: string | undefined;
        store.processes.beat = (namespace, own, isPatient) => {
          if (isFirstBack && first === undefined && own.definitions.length === 1) first = own.id;
          if (isAway && own.id !== first) return Promise.reject(new Error('the database is away'));
          return beat(namespace, own, isPatient);
        };
        await clock.advance(60_000);
        isFirstBack = true;
        await clock.advance(6_000);
      });

      it('the first process that is back keeps a start for another that lives', async () => {
        await send(RequestType.start, 'with', { definition: 'order', version: 2, input: INPUT });
        await send(RequestType.start, 'without', { definition: 'order', input: INPUT });
        await clock.advance(10);
        expect(letters(topics.requests('shop'))).toEqual([]);
        isAway = false;
        await clock.advance(10_000);
        expect(await find('with')).toMatchObject({ status: 'running', definition: { version: 2 } });
        expect(await find('without')).toMatchObject({ status: 'running', definition: { version: 2 } });
      });

      it('it refuses what nobody has known before, at once', async () => {
        await send(RequestType.start, 'o', { definition: 'order', version: 3, input: INPUT });
        await clock.advance(10);
        expect(letters(topics.requests('shop'))).toMatchObject([{ 'dlq-code': 'unknown_definition' }]);
      });

      it('it refuses what only those knew that are not back when theirs would have grown too old', async () => {
        await clock.advance(16_000);
        await send(RequestType.start, 'o', { definition: 'order', version: 2, input: INPUT });
        await clock.advance(10);
        expect(letters(topics.requests('shop'))).toMatchObject([{ 'dlq-code': 'unknown_definition' }]);
      });
    });

    it('a process that boots first after such an outage keeps a start for one that is not back yet', async () => {
      const beat = store.processes.beat.bind(store.processes);
      const old = await start(V1, V2);
      await clock.advance(2_500);
      let booted: SagaEngine | undefined;
      store.processes.beat = (namespace, own, isPatient) =>
        booted === undefined && own.definitions.length === 2
          ? Promise.reject(new Error('the database is away'))
          : beat(namespace, own, isPatient);
      await clock.advance(60_000);
      kill(old);
      await start(V1);
      await send(RequestType.start, 'o', { definition: 'order', version: 2, input: INPUT });
      await clock.advance(1_000);
      expect(letters(topics.requests('shop'))).toEqual([]);

      booted = old;
      await start(V1, V2);
      await clock.advance(3_000);
      expect(await find('o')).toMatchObject({ status: 'running', definition: { version: 2 } });
    });

    describe('after all processes were killed, and only the older version was started again', () => {
      beforeEach(async () => {
        for (const engine of [await start(V1), await start(V1, V2)]) kill(engine);
        await clock.advance(3_600_000);
        await start(V1);
      });

      it('a start without a version runs the one that is there, at once', async () => {
        await send(RequestType.start, 'o', { definition: 'order', input: INPUT });
        await clock.advance(100);
        expect(await find('o')).toMatchObject({ status: 'running', definition: { version: 1 } });
      });

      it('a start of the newer version is kept in the first 15 seconds, and refused after them', async () => {
        await send(RequestType.start, 'early', { definition: 'order', version: 2, input: INPUT });
        await clock.advance(16_000);
        expect(letters(topics.requests('shop'))).toEqual([]);
        await send(RequestType.start, 'late', { definition: 'order', version: 2, input: INPUT });
        await clock.advance(100);
        expect(letters(topics.requests('shop'))).toMatchObject([{ 'dlq-code': 'unknown_definition' }]);
      });
    });

    it('a process that boots later knows nothing of one that was killed while others lived', async () => {
      await start(V1);
      kill(await start(V1, V2));
      await clock.advance(20_000);
      await start(V1);
      await send(RequestType.start, 'o', { definition: 'order', version: 2, input: INPUT });
      await clock.advance(100);
      expect(letters(topics.requests('shop'))).toMatchObject([{ 'dlq-code': 'unknown_definition' }]);
    });

    it('what follows a start that is kept waits behind it', async () => {
      await start(V1);
      const newer = await start(V1, V2);
      kill(newer);
      await send(RequestType.start, 'o', { definition: 'order', version: 2, input: INPUT });
      await send(RequestType.call, 'o', { call: 'price', data: INPUT });
      await send(RequestType.signal, 'o', { signal: 'paid', data: INPUT });
      await send(RequestType.get, 'o', {});
      await clock.advance(1_000);
      expect(await find('o')).toBeUndefined();
      expect(letters(topics.requests('shop'))).toEqual([]);
      await start(V1, V2);
      await clock.advance(1_000);
      expect(await find('o')).toMatchObject({ status: 'completed', definition: { version: 2 } });
      expect(answersTo('skald.saga.call of o')).toMatchObject([{ data: { answer: INPUT } }]);
      expect(answersTo('skald.saga.get of o')).toMatchObject([{ data: { answer: { version: 2 } } }]);
    });

    it('P20: a call that was kept is answered, when a process is there that knows the saga', async () => {
      const newer = await start(V2);
      await newer.startSaga({ definition: 'order', id: 'o', input: INPUT });
      await clock.advance(100);
      await stop(newer);
      const old = await start(V1);
      await send(RequestType.call, 'o', { call: 'price', data: INPUT });
      await clock.advance(100);
      await stop(old);
      await start(V2);
      await clock.advance(1_000);
      expect(answersTo('skald.saga.call of o')).toMatchObject([
        { type: 'skald.request.answered', data: { answer: INPUT } },
      ]);
    });

    it('P20: a request that was kept and is refused is answered, and becomes a dead letter', async () => {
      await start(V1);
      await start(V1, V2);
      await send(RequestType.start, 'o', { definition: 'order', version: 2, input: { item: 7 } });
      await clock.advance(1_000);
      expect(answersTo('skald.saga.start of o')).toMatchObject([
        { type: 'skald.request.refused', data: { code: 'invalid_input' } },
      ]);
      expect(letters(topics.requests('shop'))).toMatchObject([
        { 'dlq-code': 'invalid_input', 'dlq-topic': 'shop.saga.requests' },
      ]);
      expect(await store.processes.take('shop', ['order@2'], 10)).toEqual([]);
    });

    it('what is kept and is no message becomes a dead letter, and holds up nobody', async () => {
      const texts = ['null', '7', '{"type":"skald.saga.start"}'];
      const spoilt = new Map<string, string>();
      const wanted = { definition: 'order', version: 1, input: INPUT };
      const id = 'the good one';
      const good = { specversion: '1.0', id, source: '/t', namespace: 'shop', sagaid: 'o' } as const;
      const message = { ...good, type: RequestType.start, data: wanted };
      for (const text of texts) spoilt.set(store.processes.keep('shop', 'order@1', message, false), text);
      store.processes.keep('shop', 'order@1', message, false);
      const take = store.processes.take.bind(store.processes);
      // As another build, or a hand, may have left it in the table.
      store.processes.take = async (...asked) =>
        (await take(...asked)).map((one) => {
          const text = spoilt.get(one.row);
          return text === undefined ? one : { ...one, message: JSON.parse(text) };
        });
      await start(V1);
      await clock.advance(1_000);
      expect((await find('o'))?.status).toBe('running');
      expect(letters(topics.requests('shop')).map((letter) => letter['dlq-code'])).toEqual(
        Array.from({ length: 3 }, () => 'malformed_message'),
      );
      await clock.advance(20_000);
      expect(await store.processes.countKept('shop')).toEqual([]);
    });

    it('an answer to another process that cannot be written keeps nothing else from being finished', async () => {
      await start(V1);
      const newer = await start(V1, V2);
      await newer.startSaga({ definition: 'order', id: 'o', input: INPUT });
      await clock.advance(100);
      let isDone = false;
      let overtaken = 0;
      const { processes } = store;
      const [take, done] = [processes.take.bind(processes), processes.done.bind(processes)];
      processes.answer = () => Promise.reject(new Error('the connection was lost'));
      processes.done = async (rows) => {
        // As slow as a database may be.
        if (rows.length > 0) await new Promise<void>((resolve) => void clock.after(4_000, resolve));
        await done(rows);
        isDone = true;
      };
      processes.take = async (...asked) => {
        const taken = await take(...asked);
        if (taken.length > 0) {
          processes.take = (...again) => {
            if (again[1].includes('order@2') && !isDone) overtaken += 1;
            return take(...again);
          };
        }
        return taken;
      };
      const fields = { source: '/t', namespace: 'shop', sagaid: 'o', specversion: '1.0' } as const;
      const call = { ...fields, id: 'c', type: RequestType.call, data: { call: 'price', data: INPUT } };
      const paid = { ...fields, id: 's', type: RequestType.signal, data: { signal: 'paid', data: INPUT } };
      await processes.ask('shop', 'order@2', call);
      processes.keep('shop', 'order@2', paid, false);
      await clock.advance(8_000);
      expect((await find('o'))?.status).toBe('completed');
      expect(isDone).toBe(true);
      expect(overtaken).toBe(0);
    });

    it('a message that was taken up by a process which crashed is taken up again', async () => {
      await start(V1);
      kill(await start(V1, V2));
      await send(RequestType.start, 'o', { definition: 'order', version: 2, input: INPUT });
      await clock.advance(1);
      // As the process did that was killed.
      expect(await store.processes.take('shop', ['order@2'], 10)).toHaveLength(1);
      await start(V1, V2);
      await clock.advance(10_000);
      expect(await find('o')).toBeUndefined();
      await clock.advance(10_000);
      expect((await find('o'))?.status).toBe('running');
    });
  });

  describe('children', () => {
    it('P29: a child saga that comes with a rolling deploy is started by a process that knows it', async () => {
      await start(V1);
      const newer = await start(V1, Kid, Parent);
      await newer.startSaga({ definition: 'parent', id: 'o', input: INPUT });
      await clock.advance(1_000);
      expect(await find('o')).toMatchObject({
        status: 'running',
        visits: [{ action: { state: 'pending' } }],
      });
      expect(letters(topics.requests('shop'))).toEqual([]);
    });

    it('P10: the undo of a child whose version this process does not know waits for one that does', async () => {
      const newer = await start(Kid, Parent);
      await newer.startSaga({ definition: 'parent', id: 'o', input: INPUT });
      await clock.advance(1_000);
      await stop(newer);
      const old = await start(V1, Parent);
      await during(old.cancel('o', 'a test'));
      expect((await find('o'))?.status).toBe('compensating');
      expect(letters(topics.requests('shop'))).toEqual([]);
      await start(Kid, Parent);
      await clock.advance(1_000);
      expect((await find('o'))?.status).toBe('compensated');
    });
  });

  describe('requests from inside a process that lacks the definition', () => {
    let old: SagaEngine;
    let newer: SagaEngine;
    beforeEach(async () => {
      old = await start(V1);
      newer = await start(V1, V2);
      await newer.startSaga({ definition: 'order', id: 'o', input: INPUT });
      await clock.advance(1_000);
    });

    it('a start, and the same start again', async () => {
      const request = { definition: 'order', version: 2, id: 'new', input: INPUT };
      expect(await during(old.startSaga(request))).toMatchObject({ isNew: true });
      expect(await during(old.startSaga(request))).toMatchObject({ isNew: false });
    });

    it('a start that is refused, with its problems', async () => {
      const request = { definition: 'order', version: 2, id: 'new', input: { item: 7 } };
      const { code, problems } = await refusal(old.startSaga(request));
      expect(code).toBe('invalid_input');
      expect(problems).toEqual(['item must be a string']);
    });

    it('a signal, a call, a cancel and what an operator does', async () => {
      expect(await during(old.call('o', 'c-1', 'price', INPUT))).toEqual({ kind: 'answered', data: INPUT });
      expect(await during(old.operate('o', { kind: 'suspend' }, NOTE))).toMatchObject({
        status: 'suspended',
      });
      expect(await during(old.operate('o', { kind: 'resume' }, NOTE))).toMatchObject({ status: 'running' });
      expect((await refusal(old.signal('o', 'm-1', 'paid', { item: 7 }))).code).toBe('invalid_input');
      await during(newer.startSaga({ definition: 'order', id: 'p', input: INPUT }));
      await during(old.signal('p', 'm-2', 'paid', INPUT));
      expect((await find('p'))?.status).toBe('completed');
      await during(old.cancel('o', 'a test'));
      expect((await find('o'))?.status).toBe('compensated');
      expect((await refusal(old.cancel('p', 'too late'))).code).toBe('ended');
    });

    it('a cancel that was granted is granted again under its message id', async () => {
      const cancel = (engine: SagaEngine): Promise<unknown> =>
        during(engine.cancel('o', 'a test', 'cancel-1'));
      await cancel(old);
      expect((await find('o'))?.status).toBe('compensated');
      await expect(cancel(old)).resolves.toMatchObject({ status: 'compensated' });
      await expect(cancel(newer)).resolves.toMatchObject({ status: 'compensated' });
    });

    it('says that no live process knows it, and does nothing; but a signal waits for one', async () => {
      await stop(newer);
      await clock.advance(2_500);
      expect((await refusal(old.call('o', 'c-1', 'price', INPUT))).code).toBe('no_live_owner');
      expect((await refusal(old.cancel('o', 'a test'))).code).toBe('no_live_owner');
      await during(old.signal('o', 'm-1', 'paid', INPUT));
      await start(V1, V2);
      await clock.advance(1_000);
      expect((await find('o'))?.status).toBe('completed');
    });

    it('is withdrawn when nobody takes it up in time, so that it can be asked again', async () => {
      kill(newer);
      const { code, message } = await refusal(old.cancel('o', 'a test'), 11_000);
      expect(code).toBe('no_owner_answered');
      expect(message).toMatch(/was withdrawn/);
      await start(V1, V2);
      await clock.advance(1_000);
      expect((await find('o'))?.status).toBe('running');
    });
  });

  describe('two processes that mean different things by one name and version', () => {
    it('each works on the sagas of its own structure, and both say loudly what is wrong', async () => {
      const changed = await start(V1Changed);
      const old = await start(V1);
      await changed.startSaga({ definition: 'order', id: 'changed', input: INPUT });
      await old.startSaga({ definition: 'order', id: 'old', input: INPUT });
      await clock.advance(5_000);
      expect(lines.filter((line) => /'order@1' is not the same here/.test(line))).toHaveLength(2);
      await during(changed.signal('old', 'm', 'paid', INPUT));
      expect((await find('old'))?.status).toBe('completed');
      await during(old.signal('changed', 'm', 'paid', INPUT));
      expect((await find('changed'))?.status).toBe('completed');
    });

    it('P4: what the other one leaves behind is suspended once, and no timer of another saga waits for that', async () => {
      const changed = await start(V1Changed, Nap);
      const old = await start(V1);
      await old.startSaga({ definition: 'order', id: 'o', input: INPUT });
      await clock.advance(100);
      await stop(old);
      await changed.startSaga({ definition: 'nap', id: 'nap', input: INPUT });
      await clock.advance(6_000);
      expect((await find('nap'))?.status).toBe('completed');
      expect(await find('o')).toMatchObject({
        status: 'suspended',
        suspension: { code: 'definition_changed' },
      });
      expect(lines.filter((line) => /failed and is tried again/.test(line))).toEqual([]);
    });
  });
});
