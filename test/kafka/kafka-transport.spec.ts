import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import type { Consumer, Transport } from '@skald/ports';
import { kafkaHarness } from '../contracts/kafka-harness.js';
import {
  idsOf,
  messageOf,
  messagesOf,
  Recorder,
  send,
  silence,
  type TransportHarness,
} from '../contracts/transport-harness.js';
import { uniqueName } from '../setup/real-services.js';

describe('the Kafka transport', () => {
  let harness: TransportHarness;
  let started: Transport[] = [];

  beforeAll(async () => {
    harness = await kafkaHarness();
  });

  afterEach(async () => {
    await Promise.all(started.map((transport) => transport.close()));
    started = [];
  });

  afterAll(async () => {
    await harness.close();
  });

  function start(): Transport {
    const { transport } = harness.start();
    started.push(transport);
    return transport;
  }

  async function withTopic(): Promise<{ transport: Transport; topic: string }> {
    const transport = start();
    const topic = uniqueName('topic');
    await transport.ensureTopics([topic]);
    return { transport, topic };
  }

  it('writes the saga as the key, the whole event as the value, and no header but the content type', async () => {
    const { transport, topic } = await withTopic();

    await send(transport, topic, [messageOf('order-7', 1)]);

    expect(await harness.records(topic)).toEqual([
      {
        key: 'order-7',
        value: JSON.stringify(messageOf('order-7', 1)),
        headers: { 'content-type': 'application/cloudevents+json' },
      },
    ]);
  });

  it('reads what other CloudEvents libraries write in binary mode', async () => {
    const { transport, topic } = await withTopic();
    const received = new Recorder();
    await transport.consume(received.options(topic));

    await harness.produceRaw(topic, [
      {
        key: 'order-7',
        value: '{"number":1}',
        headers: {
          'content-type': 'application/json',
          ce_specversion: '1.0',
          ce_id: 'order-7/1',
          ce_source: '/test',
          ce_type: 'test.happened',
          ce_namespace: 'test',
          ce_sagaid: 'order-7',
          ce_attempt: '3',
        },
      },
    ]);
    await received.untilCount(1);

    expect(received.messages).toEqual([
      { ...messageOf('order-7', 1), attempt: 3, datacontenttype: 'application/json' },
    ]);
  });

  it('keeps the original headers of a dead letter and says where it came from', async () => {
    const { transport, topic } = await withTopic();
    await harness.produceRaw(topic, [{ key: 'k', value: 'oops', headers: { origin: 'elsewhere' } }]);
    await send(transport, topic, [messageOf('k', 1)]);
    const received = new Recorder();

    const consumer = await transport.consume(received.options(topic));
    await received.untilCount(1);
    await consumer.stop();

    const [letter] = await harness.records(topics.deadLetters(topic));
    expect(letter).toMatchObject({
      key: 'k',
      value: 'oops',
      headers: { origin: 'elsewhere', 'dlq-offset': '0' },
    });
    expect(Object.keys(letter?.headers ?? {}).toSorted()).toEqual(
      ['code', 'offset', 'partition', 'reason', 'time', 'topic']
        .map((name) => `dlq-${name}`)
        .concat('origin'),
    );
  });

  it('loses nothing while replicas come and go under load, and keeps the order within a saga', async () => {
    const { transport: sender, topic } = await withTopic();
    const group = uniqueName('group');
    const log: string[] = [];
    const join = async (): Promise<Consumer> => {
      const replica = new Recorder(async (batch) => {
        log.push(...batch.map(({ message }) => message.id));
      });
      return start().consume({ ...replica.options(topic, { maximumBatch: 20 }), group });
    };
    const first = await join();
    let sent = 0;
    const sending = { goesOn: true };
    const flow = (async () => {
      while (sending.goesOn) {
        await send(sender, topic, messagesOf(20, 1, sent));
        sent += 1;
      }
    })();

    const second = await join();
    await join();
    await first.stop();
    await second.stop();
    sending.goesOn = false;
    await flow;
    const all = messagesOf(20, sent).map(({ id }) => id);
    while (new Set(log).size < all.length) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }

    expect([...new Set(log)].toSorted()).toEqual(all.toSorted());
    for (let saga = 0; saga < 20; saga += 1) {
      const firstSeen = [...new Set(log.filter((id) => id.startsWith(`saga-${saga}/`)))];
      expect(firstSeen).toEqual(Array.from({ length: sent }, (_, number) => `saga-${saga}/${number}`));
    }
  });

  it("starts 'now' in two replicas at once without missing what is sent after both are there", async () => {
    const { transport, topic } = await withTopic();
    await send(transport, topic, messagesOf(10, 2));
    const group = uniqueName('group');
    const seen: string[] = [];
    const replica = (): Recorder =>
      new Recorder(async (batch) => {
        seen.push(...batch.map(({ message }) => message.id));
      });
    const [one, other] = [replica(), replica()];

    await Promise.all(
      [one, other].map((recorder) => start().consume({ ...recorder.options(topic, { from: 'now' }), group })),
    );
    await send(transport, topic, messagesOf(10, 3, 2));
    await Promise.race([one, other].map((recorder) => recorder.until(() => new Set(seen).size >= 30)));

    expect([...new Set(seen)].toSorted()).toEqual(idsOf(messagesOf(10, 3, 2)));
  });

  it('rejects a send when no broker answers, within the time it was given', async () => {
    const transport = new KafkaTransport({
      brokers: ['127.0.0.1:1'],
      clientId: 'lonely',
      log: silence,
      sendTimeoutMs: 1_000,
    });
    started.push(transport);
    const begun = Date.now();

    await expect(send(transport, 'any', [messageOf('a', 1)])).rejects.toMatchObject({
      code: 'kafka_send_failed',
    });

    expect(Date.now() - begun).toBeLessThan(2_000);
  });

  it('stops waiting for a broker that never answers when it is closed', async () => {
    const transport = new KafkaTransport({ brokers: ['127.0.0.1:1'], clientId: 'lonely', log: silence });

    const refused = expect(transport.consume(new Recorder().options('any'))).rejects.toMatchObject({
      code: 'transport_closed',
    });
    await transport.close();

    await refused;
  });
});
