import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Message, saga, topics } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { MessageRefusedError, type Transport } from '@skald/ports';
import { VirtualClock } from '@skald/testing';
import { NoAnswerError, OutputTruncatedError, SagaTimeoutError } from './errors.js';
import { KafkaSagaClient } from './kafka-saga-client.js';

class Order {
  item?: string;
}
const OrderSaga = saga('order', { version: 1, input: Order }).sleep('a while', '1s').build();

/** Answers are written by the test, in place of an orchestrator. */
describe('a saga client over a broker', () => {
  let broker: MemoryBroker;
  let clock: VirtualClock;
  let transport: MemoryTransport;
  let client: KafkaSagaClient;

  beforeEach(async () => {
    broker = new MemoryBroker();
    clock = new VirtualClock();
    transport = new MemoryTransport({ broker, clock });
    client = new KafkaSagaClient({ namespace: 'shop', transport, name: 'test', clock });
    await client.connect();
  });
  afterEach(async () => {
    await client.close();
    await transport.close();
  });

  const requests = (): Message[] =>
    broker.messages(topics.requests('shop')).map(({ value }): Message => JSON.parse(value));
  const lastRequest = (): Message => {
    const last = requests().at(-1);
    if (last === undefined) throw new Error('nothing was asked');
    return last;
  };
  async function tell(type: string, fields: Partial<Message> = {}): Promise<void> {
    const event = { specversion: '1.0', id: 'e-1', source: '/test', type, namespace: 'shop', sagaid: 'o-1' };
    const value = JSON.stringify({ data: {}, ...event, ...fields });
    broker.append([{ topic: topics.events('shop'), key: 'o-1', value }]);
    await clock.advance(10);
  }
  function settled(promise: Promise<unknown>): { outcome?: unknown } {
    const seen: { outcome?: unknown } = {};
    promise.then(
      (value) => (seen.outcome = value),
      (error: unknown) => (seen.outcome = error),
    );
    return seen;
  }
  async function started(id = 'o-1'): ReturnType<typeof client.start<typeof OrderSaga>> {
    const start = client.start(OrderSaga, { id, input: {} });
    await clock.advance(10);
    await tell('skald.saga.started', { sagaid: id, requestid: lastRequest().id });
    return start;
  }

  it('takes the start of another request for no answer to its own', async () => {
    const start = settled(client.start(OrderSaga, { id: 'o-1', input: {} }));
    await clock.advance(10);
    await tell('skald.saga.started', { requestid: 'of somebody else' });
    expect(start.outcome).toBeUndefined();
    await tell('skald.saga.started', { requestid: lastRequest().id });
    expect(start.outcome).toMatchObject({ id: 'o-1' });
  });

  it('hears of an end that comes before the answer to its start', async () => {
    const start = client.start(OrderSaga, { id: 'o-1', input: {} });
    await clock.advance(10);
    await tell('skald.saga.completed', { data: { output: { a: 1 } } });
    await tell('skald.request.answered', { requestid: lastRequest().id, data: { answer: {} } });
    expect(await (await start).result()).toEqual({ status: 'completed', output: { a: 1 } });
  });

  it('tells that a saga has completed whose output was too large for the broker', async () => {
    const handle = await started();
    const result = settled(handle.result());
    await tell('skald.saga.completed', { data: { truncated: true, reason: 'the output is too large' } });
    expect(result.outcome).toBeInstanceOf(OutputTruncatedError);
    expect(result.outcome).toMatchObject({ code: 'output_truncated', sagaId: 'o-1' });
    expect(client.listeners.size).toBe(0);
    await expect(handle.result()).rejects.toThrow("saga 'o-1' has completed");
  });

  it('forgets what was not answered in time', async () => {
    const asked = [
      client.start(OrderSaga, { id: 'o-1', input: {}, timeout: '5s' }),
      client.follow(OrderSaga, 'o-1', { timeout: '5s' }),
      client.cancel('o-1', 'a test', { timeout: '5s' }),
    ].map((one: Promise<unknown>) => settled(one));
    await clock.advance(5_000);
    for (const { outcome } of asked) expect(outcome).toBeInstanceOf(NoAnswerError);
    expect(client.listeners.size).toBe(0);
  });

  it('forgets a saga that has ended, and one that was removed', async () => {
    const [ended, removed] = [await started('o-1'), await started('o-2')];
    expect(client.listeners.size).toBe(2);
    await tell('skald.saga.terminated');
    await tell('skald.saga.removed', { sagaid: 'o-2' });
    expect(client.listeners.size).toBe(0);
    expect(await ended.result()).toEqual({ status: 'terminated' });
    await expect(removed.result()).rejects.toMatchObject({ code: 'unknown_saga' });
  });

  it('asks how a saga stands that it had let go, when somebody awaits its end', async () => {
    const first = await started('saga-0');
    const many = Array.from({ length: 10_000 }, (_, number) => ({
      sagaId: `other-${number}`,
      take: () => false,
      fail: () => undefined,
      letGo: () => undefined,
    }));
    for (const one of many) {
      client.listeners.add(one);
      client.listeners.rest(one);
    }
    const before = requests().length;
    const result = settled(first.result());
    await clock.advance(10);
    expect(requests()).toHaveLength(before + 1);
    expect(lastRequest()).toMatchObject({ type: 'skald.saga.get', sagaid: 'saga-0' });
    const answer = { status: 'completed', output: 'well' };
    await tell('skald.request.answered', {
      sagaid: 'saga-0',
      requestid: lastRequest().id,
      data: { answer },
    });
    expect(result.outcome).toEqual(answer);
  });

  it('says that a saga is suspended when it does not end in time', async () => {
    const handle = await started();
    await tell('skald.saga.suspended');
    const result = settled(handle.result({ timeout: '1s' }));
    await clock.advance(1_000);
    expect(result.outcome).toBeInstanceOf(SagaTimeoutError);
    expect(result.outcome).toMatchObject({ isSuspended: true });
  });

  it('takes the answer to another request for nothing that happened to the saga', async () => {
    const handle = await started();
    await tell('skald.saga.suspended');
    await tell('skald.saga.started', { requestid: 'of somebody else' });
    await tell('skald.saga.completed', { requestid: 'of somebody else', data: { output: 'not its own' } });
    const result = settled(handle.result({ timeout: '1s' }));
    await clock.advance(1_000);
    expect(result.outcome).toBeInstanceOf(SagaTimeoutError);
    expect(result.outcome).toMatchObject({ isSuspended: true });
  });

  describe('whose broker fails', () => {
    let sent: Message[];

    function clientThat(fails: (attempt: number) => Error | undefined): KafkaSagaClient {
      sent = [];
      const failing: Transport = {
        ensureTopics: (names) => transport.ensureTopics(names),
        consume: (options) => transport.consume(options),
        close: () => Promise.resolve(),
        deadLetter: (letters) => transport.deadLetter(letters),
        send: async (messages) => {
          sent.push(...messages.map(({ message }) => message));
          const error = fails(sent.length);
          if (error !== undefined) throw error;
          await transport.send(messages);
        },
      };
      return new KafkaSagaClient({ namespace: 'shop', transport: failing, name: 'test', clock });
    }

    it('sends the same request again until it is stored', async () => {
      const flaky = clientThat((attempt) => (attempt < 4 ? new Error('not confirmed') : undefined));
      const start = settled(flaky.start(OrderSaga, { id: 'o-1', input: {} }));
      await clock.advance(5_000);
      expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
      expect(sent).toHaveLength(4);
      await tell('skald.saga.started', { requestid: lastRequest().id });
      expect(start.outcome).toMatchObject({ id: 'o-1' });
    });

    it('takes an answer though the broker never confirmed the request, and sends no more', async () => {
      const deaf = clientThat(() => new Error('not confirmed'));
      const start = settled(deaf.start(OrderSaga, { id: 'o-1', input: {} }));
      await clock.advance(10);
      await tell('skald.saga.started', { requestid: sent[0]?.id ?? '' });
      expect(start.outcome).toMatchObject({ id: 'o-1' });
      const { length } = sent;
      await clock.advance(60_000);
      expect(sent).toHaveLength(length);
    });

    it('says at the end of the time what the broker said', async () => {
      const away = clientThat(() => new Error('the broker is away'));
      const start = settled(away.start(OrderSaga, { id: 'o-1', input: {}, timeout: '2s' }));
      await clock.advance(2_000);
      expect(start.outcome).toBeInstanceOf(NoAnswerError);
      expect(String(start.outcome)).toBe(
        "NoAnswerError: the start of saga 'o-1' was not answered within 2000 ms (the broker is away); " +
          'it may still be started: start it again with the same id and input, and it is one saga',
      );
    });

    it('hands on at once what the broker refuses for good', async () => {
      const refusing = clientThat(
        () =>
          new MessageRefusedError([{ message: lastSent(), code: 'too_large', reason: 'it is too large' }]),
      );
      const lastSent = (): Message => sent.at(-1) ?? lastRequest();
      const start = settled(refusing.start(OrderSaga, { id: 'o-1', input: {} }));
      await clock.advance(10);
      expect(start.outcome).toMatchObject({ code: 'too_large', message: 'it is too large' });
      expect(sent).toHaveLength(1);
    });
  });
});
