import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Message, topics } from '@skald/core';
import {
  type CrashProbe,
  MessageRefusedError,
  StoreUnavailableError,
  type Transport,
  type UnreadableRequest,
} from '@skald/ports';
import {
  eventually,
  gate,
  idsOf,
  messageOf,
  messagesOf,
  Recorder,
  send,
  type TransportHarness,
  type TransportProcess,
  untilTogether,
} from './transport-harness.js';
import { uniqueName } from '../setup/real-services.js';

/** What every transport promises; whoever uses the port may rely on this and on no more. */
export function describeTransport(name: string, makeHarness: () => Promise<TransportHarness>): void {
  describe(`a transport: ${name}`, () => {
    let harness: TransportHarness;
    let started: TransportProcess[] = [];

    beforeAll(async () => {
      harness = await makeHarness();
    });

    afterEach(async () => {
      await Promise.all(started.map(({ transport }) => transport.close()));
      started = [];
    });

    afterAll(async () => {
      await harness.close();
    });

    function start(crashProbe?: CrashProbe): TransportProcess {
      const one = harness.start({ ...(crashProbe && { crashProbe }) });
      started.push(one);
      return one;
    }

    async function withTopic(): Promise<{ transport: Transport; topic: string }> {
      const { transport } = start();
      const topic = uniqueName('topic');
      await transport.ensureTopics([topic]);
      return { transport, topic };
    }

    describe('sending and receiving', () => {
      it('delivers a message that is sent after consume() resolved, with all its attributes', async () => {
        const { transport, topic } = await withTopic();
        const received = new Recorder();
        await transport.consume(received.options(topic, { from: 'now' }));
        const message = messageOf('Ω saga', 1, {
          time: '2026-01-02T03:04:05.678Z',
          datacontenttype: 'application/json',
          sagaversion: 'order@3',
          step: 'reserve stock',
          attempt: 2,
          replyto: 'test.saga.replies',
          deadline: '2026-01-02T03:05:05.678Z',
          compensates: 'c',
          commandid: 'd',
          requestid: 'r',
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          data: { text: 'Ærø "quoted"\n', nested: [1, null, { deep: true }] },
        });

        await send(transport, topic, [message]);
        await received.untilCount(1);

        expect(received.messages).toEqual([message]);
      });

      it('names the topic of each delivery when it consumes several', async () => {
        const { transport, topic: first } = await withTopic();
        const second = uniqueName('topic');
        await transport.ensureTopics([second]);
        const seen: string[] = [];
        const received = new Recorder(async (batch) => {
          for (const { topic, message } of batch) seen.push(`${topic} ${message.id}`);
        });
        await transport.consume(received.options(first, { topics: [first, second] }));

        await transport.send([
          { topic: first, message: messageOf('a', 1) },
          { topic: second, message: messageOf('a', 2) },
        ]);
        await received.untilCount(2);

        expect(seen.toSorted()).toEqual([`${first} a/1`, `${second} a/2`].toSorted());
      });

      it('keeps the order of the messages of one saga', async () => {
        const { transport, topic } = await withTopic();
        const received = new Recorder();
        await transport.consume(received.options(topic, { maximumBatch: 7 }));

        for (let round = 0; round < 5; round += 1) {
          await send(transport, topic, messagesOf(12, 5, 5 * round));
        }
        await received.untilCount(300);

        for (let saga = 0; saga < 12; saga += 1) {
          const own = received.ids.filter((id) => id.startsWith(`saga-${saga}/`));
          expect(own).toEqual(Array.from({ length: 25 }, (_, number) => `saga-${saga}/${number}`));
        }
      });

      it.each<[what: string, code: string, topic: () => string, text: string]>([
        ['to a topic that does not exist', 'unknown_topic', () => uniqueName('missing'), 'x'],
        ['to what can be no topic', 'invalid_topic', () => 'no topic!', 'x'],
        ['that is larger than the topic takes', 'too_large', () => '', 'x'.repeat(1_500_000)],
      ])('refuses a message %s, with the reason, and stores all others of the call', async (...kind) => {
        const [, code, otherTopic, text] = kind;
        const { transport, topic } = await withTopic();
        const bad = messageOf('bad', 0, { data: { text } });

        const sending = transport.send([
          { topic, message: messageOf('a', 1) },
          { topic: otherTopic() || topic, message: bad },
          ...messagesOf(30, 2).map((message) => ({ topic, message })),
        ]);

        const error: unknown = await sending.catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(MessageRefusedError);
        expect(error).toMatchObject({
          code: 'message_refused',
          refused: [{ message: bad, code, reason: expect.any(String) }],
        });
        expect(String(error)).not.toContain('xxx');
        const ids = new Set(
          (await harness.records(topic)).map(({ value }) => JSON.parse(value).id as unknown),
        );
        expect(ids).toEqual(new Set(['a/1', ...messagesOf(30, 2).map(({ id }) => id)]));
      });

      it('refuses a message that is no JSON, and stores all others of the call', async () => {
        const { transport, topic } = await withTopic();
        const bad = messageOf('bad', 0, { data: { amount: 1n } });

        const sending = send(transport, topic, [messageOf('a', 1), bad, messageOf('a', 2)]);

        await expect(sending).rejects.toMatchObject({ refused: [{ message: bad, code: 'not_json' }] });
        expect(await harness.records(topic)).toHaveLength(2);
      });

      it('refuses nothing of those that send at the same time', async () => {
        const { transport, topic } = await withTopic();
        const missing = uniqueName('missing');

        const [good, bad] = await Promise.allSettled([
          send(transport, topic, messagesOf(5, 2)),
          send(transport, missing, [messageOf('bad', 1)]),
        ]);

        expect([good.status, bad.status]).toEqual(['fulfilled', 'rejected']);
        const again = send(transport, missing, [messageOf('bad', 1)]);
        await expect(again).rejects.toMatchObject({ code: 'message_refused' });
        await transport.ensureTopics([missing]);
        await send(transport, missing, [messageOf('bad', 1)]);
        expect(await harness.records(missing)).toHaveLength(1);
      });

      it('still sends after a send was rejected', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, uniqueName('missing'), [messageOf('a', 1)]).catch(() => undefined);

        await send(transport, topic, [messageOf('a', 2)]);

        expect(await harness.records(topic)).toHaveLength(1);
      });

      it('rejects consuming a topic that does not exist', async () => {
        const { transport } = await withTopic();

        const consuming = transport.consume(new Recorder().options(uniqueName('missing')));

        await expect(consuming).rejects.toMatchObject({ code: 'unknown_topic' });
      });

      it('leaves topics alone that exist, also when two processes create them at once', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, [messageOf('a', 1)]);
        const fresh = uniqueName('topic');

        await Promise.all([
          transport.ensureTopics([topic, fresh]),
          start().transport.ensureTopics([topic, fresh]),
        ]);
        await send(transport, fresh, [messageOf('a', 2)]);

        expect(await harness.records(topic)).toHaveLength(1);
        expect(await harness.records(fresh)).toHaveLength(1);
      });
    });

    describe('batches', () => {
      it('merges the messages of many partitions into one batch', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, messagesOf(40, 1));
        const received = new Recorder();

        await transport.consume(received.options(topic));
        await received.untilCount(40);

        expect(received.batches.length).toBeLessThan(3);
      });

      it('fills a batch up to its maximum and never beyond', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, messagesOf(40, 10));
        const received = new Recorder();

        await transport.consume(received.options(topic, { maximumBatch: 25 }));
        await received.untilCount(400);

        expect(Math.max(...received.batches.map((batch) => batch.length))).toBe(25);
      });

      it('never handles two batches at the same time', async () => {
        const { transport, topic } = await withTopic();
        const received = new Recorder(async () => {
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        });
        await transport.consume(received.options(topic, { maximumBatch: 5 }));

        await Promise.all([0, 1, 2, 3].map((round) => send(transport, topic, messagesOf(10, 3, 3 * round))));
        await received.untilCount(120);

        expect(received.mostAtOnce).toBe(1);
      });

      it('gives the same batch again while the store is away, and loses nothing behind it', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, messagesOf(8, 5));
        const received = new Recorder(async (_batch, call) => {
          if (call <= 2) throw new StoreUnavailableError('the database is away');
        });

        await transport.consume(received.options(topic, { maximumBatch: 10 }));
        await received.untilCount(60);

        const [first, second, third, ...rest] = received.batches;
        expect(second).toEqual(first);
        expect(third).toEqual(first);
        expect(idsOf([...(third ?? []), ...rest.flat()])).toEqual(idsOf(messagesOf(8, 5)));
      });
    });

    describe('a batch over which its handler fails', () => {
      it('is split until the message at fault is alone: it is put aside, the others go on in their order', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, messagesOf(6, 10));
        const bad = new Set(['saga-2/3', 'saga-2/4', 'saga-5/9']);
        const done: string[] = [];
        const received = new Recorder(async (batch) => {
          const ids = batch.map(({ message }) => message.id);
          if (ids.some((id) => bad.has(id))) throw new TypeError('it cannot be read');
          done.push(...ids);
        });

        const options = received.options(topic);
        const consumer = await transport.consume(options);
        await received.until(() => done.length === 57);
        await eventually(async () => (await harness.records(topics.deadLetters(topic))).length === bad.size);
        await consumer.stop();

        for (let saga = 0; saga < 6; saga += 1) {
          const own = messagesOf(6, 10).filter(({ sagaid, id }) => sagaid === `saga-${saga}` && !bad.has(id));
          expect(done.filter((id) => id.startsWith(`saga-${saga}/`))).toEqual(own.map(({ id }) => id));
        }
        const letters = await harness.records(topics.deadLetters(topic));
        expect(idsOf(letters.map(({ value }) => JSON.parse(value) as Message))).toEqual([...bad]);
        for (const { headers } of letters) {
          expect(headers).toMatchObject({ 'dlq-code': 'unusable', 'dlq-reason': 'it cannot be read' });
        }
        const later = new Recorder();
        await transport.consume({ ...later.options(topic), group: options.group });
        await send(transport, topic, [messageOf('a', 1)]);
        await later.untilCount(1);
        expect(later.ids).toEqual(['a/1']);
      });

      it('makes its consumer not ready from the third time on, with the reason, until it works', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, [messageOf('a', 1)]);
        let isAway = true;
        const received = new Recorder(async () => {
          if (isAway) throw new StoreUnavailableError('the database is away');
        });

        const consumer = await transport.consume(received.options(topic));
        await received.untilCount(1);
        expect(consumer.problem()).toBeUndefined();
        await received.untilCount(4);
        expect(consumer.isReady()).toBe(false);
        expect(consumer.problem()).toMatch(/failed [34] times in a row: the database is away$/);
        isAway = false;
        await eventually(() => consumer.isReady());

        expect(consumer.problem()).toBeUndefined();
      });
    });

    describe('dead letters', () => {
      it('puts aside what the handler refuses, with code and reason, and confirms the rest', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, [messageOf('a', 1), messageOf('a', 2), messageOf('a', 3)]);
        const received = new Recorder(async (batch) =>
          batch
            .filter(({ message }) => message.id === 'a/2')
            .map((delivery) => ({ delivery, code: 'unknown_command', reason: 'no such command' })),
        );
        const options = received.options(topic);
        const consumer = await transport.consume(options);
        await received.untilCount(3);
        await consumer.stop();

        const [letter, ...others] = await harness.records(topics.deadLetters(topic));
        expect(others).toEqual([]);
        expect(letter?.key).toBe('a');
        expect(JSON.parse(letter?.value ?? '')).toEqual(messageOf('a', 2));
        expect(letter?.headers).toMatchObject({
          'dlq-code': 'unknown_command',
          'dlq-reason': 'no such command',
          'dlq-topic': topic,
        });
        const later = new Recorder();
        await transport.consume({ ...later.options(topic), group: options.group });
        await send(transport, topic, [messageOf('a', 4)]);
        await later.untilCount(1);
        expect(later.ids).toEqual(['a/4']);
      });

      it.each([
        ['is not JSON', 'not json at all', 'the value is not JSON'],
        ['is no object', '[1, 2]', 'the message is not a JSON object'],
        [
          'has another specversion',
          JSON.stringify({ ...messageOf('a', 0), specversion: '0.3' }),
          "the attribute 'specversion' must be '1.0'",
        ],
        [
          'lacks its namespace',
          JSON.stringify({ ...messageOf('a', 0), namespace: undefined }),
          "the attribute 'namespace' is missing",
        ],
      ])('puts aside a message that %s, and goes on behind it', async (_what, value, reason) => {
        const { transport, topic } = await withTopic();
        await harness.produceRaw(topic, [{ key: 'a', value }]);
        await send(transport, topic, [messageOf('a', 1)]);
        const received = new Recorder();

        const consumer = await transport.consume(received.options(topic));
        await received.untilCount(1);
        await consumer.stop();

        expect(received.ids).toEqual(['a/1']);
        const letters = await harness.records(topics.deadLetters(topic));
        expect(letters).toHaveLength(1);
        expect(letters[0]).toMatchObject({
          key: 'a',
          value,
          headers: { 'dlq-code': 'malformed_message', 'dlq-reason': reason, 'dlq-topic': topic },
        });
      });

      it('lets the sender of what cannot be read be told, until that works, before it is put aside', async () => {
        const { transport, topic } = await withTopic();
        const { id, sagaid, type } = messageOf('a', 0);
        const unreadable = JSON.stringify({ ...messageOf('a', 0), specversion: '0.3' });
        await harness.produceRaw(topic, [
          { key: 'a', value: unreadable },
          { key: 'a', value: 'junk' },
        ]);
        await send(transport, topic, [messageOf('a', 1)]);
        const received = new Recorder();
        const told: UnreadableRequest[] = [];
        let failures = 1;
        const tell = async (unread: readonly UnreadableRequest[]): Promise<void> => {
          if (failures-- > 0) throw new Error('the broker is away');
          told.push(...unread);
        };

        const consumer = await transport.consume(received.options(topic, { tell }));
        await eventually(async () => (await harness.records(topics.deadLetters(topic))).length === 2);
        await consumer.stop();

        const reason = "the attribute 'specversion' must be '1.0'";
        const requester = { id, sagaid, type };
        expect(told).toEqual([{ topic, requester, code: 'malformed_message', reason }]);
        expect(received.ids).toEqual(['a/1']);
      });
    });

    describe('groups', () => {
      it('goes on where the group stopped: nothing twice and nothing lost', async () => {
        const { transport, topic } = await withTopic();
        const before = new Recorder();
        const options = before.options(topic, { maximumBatch: 6 });
        const consumer = await transport.consume(options);
        await send(transport, topic, messagesOf(9, 4));
        await before.untilCount(12);
        await consumer.stop();
        await send(transport, topic, messagesOf(9, 2, 4));

        const after = new Recorder();
        await start().transport.consume({ ...after.options(topic), group: options.group });
        await after.untilCount(54 - before.messages.length);

        expect(idsOf([...before.messages, ...after.messages])).toEqual(idsOf(messagesOf(9, 6)));
      });

      it('stops only after the batch in hand is done, and confirms it', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, [messageOf('a', 1)]);
        const { opened, open } = gate();
        let done = false;
        const received = new Recorder(async () => {
          await opened;
          done = true;
        });
        const options = received.options(topic);
        const consumer = await transport.consume(options);
        await received.untilCount(1);

        const doneWhenStopped = consumer.stop().then(() => done);
        open();

        expect(await doneWhenStopped).toBe(true);
        const later = new Recorder();
        await transport.consume({ ...later.options(topic), group: options.group });
        await send(transport, topic, [messageOf('a', 2)]);
        await later.untilCount(1);
        expect(later.ids).toEqual(['a/2']);
      });

      it('can be stopped while its handler fails, and the messages come to the next consumer', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, messagesOf(3, 1));
        const failing = new Recorder(async () => {
          throw new StoreUnavailableError('broken');
        });
        const options = failing.options(topic);
        const consumer = await transport.consume(options);
        await failing.untilCount(3);
        await consumer.stop();

        const healthy = new Recorder();
        await transport.consume({ ...healthy.options(topic), group: options.group });
        await healthy.untilCount(3);

        expect(idsOf(healthy.messages)).toEqual(idsOf(messagesOf(3, 1)));
      });

      it('gives the messages of a consumer that died before it confirmed to the next one', async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, messagesOf(6, 2));
        const { opened: reached, open: arrive } = gate();
        const doomed = start(async (point) => {
          expect(point).toBe('before offset commit');
          arrive();
          await new Promise(() => undefined);
        });
        const first = new Recorder();
        const options = first.options(topic);
        await doomed.transport.consume(options);
        await reached;
        await doomed.die();

        const second = new Recorder();
        await transport.consume({ ...second.options(topic), group: options.group });
        await second.untilCount(12);

        expect(idsOf(second.messages)).toEqual(idsOf(messagesOf(6, 2)));
      });

      it("begins a group that starts 'now' behind the old messages", async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, messagesOf(10, 3));
        const received = new Recorder();

        await transport.consume(received.options(topic, { from: 'now' }));
        await send(transport, topic, messagesOf(10, 1, 3));
        await received.untilCount(10);

        expect(idsOf(received.messages)).toEqual(idsOf(messagesOf(10, 1, 3)));
      });

      it("goes on where a group stopped that had started 'now' and seen nothing", async () => {
        const { transport, topic } = await withTopic();
        await send(transport, topic, [messageOf('a', 1)]);
        const options = new Recorder().options(topic, { from: 'now' });
        const consumer = await transport.consume(options);
        await consumer.stop();
        await send(transport, topic, [messageOf('a', 2)]);

        const received = new Recorder();
        await transport.consume({ ...received.options(topic, { from: 'now' }), group: options.group });
        await received.untilCount(1);

        expect(received.ids).toEqual(['a/2']);
      });

      it('gives everything to each of two groups', async () => {
        const { transport, topic } = await withTopic();
        const [one, other] = [new Recorder(), new Recorder()];
        await Promise.all([one, other].map((recorder) => transport.consume(recorder.options(topic))));

        await send(transport, topic, messagesOf(10, 2));
        await Promise.all([one.untilCount(20), other.untilCount(20)]);

        expect(idsOf(one.messages)).toEqual(idsOf(messagesOf(10, 2)));
        expect(idsOf(other.messages)).toEqual(idsOf(messagesOf(10, 2)));
      });

      it('shares the messages between two consumers of a group, each once', async () => {
        const { transport, topic } = await withTopic();
        const [one, other] = [new Recorder(), new Recorder()];
        const options = one.options(topic);
        await transport.consume(options);
        await start().transport.consume({ ...other.options(topic), group: options.group });

        await send(transport, topic, messagesOf(40, 3));
        await untilTogether(120, [one, other]);

        expect(idsOf([...one.messages, ...other.messages])).toEqual(idsOf(messagesOf(40, 3)));
        expect(one.messages.length).toBeGreaterThan(0);
        expect(other.messages.length).toBeGreaterThan(0);
      });

      it('gives the share of a consumer that stops to the one that stays', async () => {
        const { transport, topic } = await withTopic();
        const [one, other] = [new Recorder(), new Recorder()];
        const options = one.options(topic);
        await transport.consume(options);
        const leaving = await start().transport.consume({ ...other.options(topic), group: options.group });

        await leaving.stop();
        await send(transport, topic, messagesOf(40, 1));
        await one.untilCount(40);

        expect(idsOf(one.messages)).toEqual(idsOf(messagesOf(40, 1)));
      });
    });

    it('says that a consumer is ready from the time it consumes until it is stopped', async () => {
      const { transport, topic } = await withTopic();

      const consumer = await transport.consume(new Recorder().options(topic));

      expect(consumer.isReady()).toBe(true);
      await consumer.stop();
      expect(consumer.isReady()).toBe(false);
    });

    it('says that the consumers of a transport that was closed are not ready', async () => {
      const { transport, topic } = await withTopic();
      const consumer = await transport.consume(new Recorder().options(topic));

      await transport.close();

      expect(consumer.isReady()).toBe(false);
    });

    it('refuses to work after it was closed, and closes twice without harm', async () => {
      const { transport, topic } = await withTopic();
      await transport.close();

      await expect(send(transport, topic, [messageOf('a', 1)])).rejects.toThrow('closed');
      await expect(transport.consume(new Recorder().options(topic))).rejects.toThrow('closed');
      await transport.close();
    });
  });
}
