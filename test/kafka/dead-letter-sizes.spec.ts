import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@skald/core';
import type { Transport } from '@skald/ports';
import { kafkaHarness } from '../contracts/kafka-harness.js';
import {
  messageOf,
  Recorder,
  send,
  type TransportHarness,
  type WireRecord,
} from '../contracts/transport-harness.js';
import { uniqueName } from '../setup/real-services.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a dead letter that would not fit into its topic', () => {
  let harness: TransportHarness;
  const started: Transport[] = [];
  beforeAll(async () => {
    harness = await kafkaHarness();
  });
  afterEach(() => Promise.all(started.splice(0).map((transport) => transport.close())));
  afterAll(() => harness.close());

  /** @returns the only letter, after a good message that came behind it has been handled */
  async function letterOf(
    record: Partial<WireRecord> | undefined,
    refuse?: { readonly id: string; readonly reason: string },
  ): Promise<WireRecord> {
    const { transport } = harness.start();
    started.push(transport);
    const topic = uniqueName('topic');
    await transport.ensureTopics([topic]);
    if (record) await harness.produceRaw(topic, [record]);
    const received = new Recorder(async (batch) =>
      batch
        .filter(({ message }) => message.id === refuse?.id)
        .map((delivery) => ({ delivery, code: 'unknown_type', reason: refuse?.reason ?? '' })),
    );
    const consumer = await transport.consume(received.options(topic));
    await send(transport, topic, [messageOf('good', 1), messageOf('bad', 1)]);
    await received.untilCount(2);
    await consumer.stop();
    const [letter, ...others] = await harness.records(topics.deadLetters(topic));
    expect(others).toEqual([]);
    if (letter === undefined) throw new Error('there is no letter');
    return letter;
  }

  it('keeps the beginning of its value, and says what it was', async () => {
    const junk = 'x'.repeat(1_048_480);

    const letter = await letterOf({ key: 'k', value: junk, headers: { origin: 'elsewhere' } });

    expect(letter).toMatchObject({
      key: 'k',
      value: junk.slice(0, 64_000),
      headers: {
        origin: 'elsewhere',
        'dlq-code': 'malformed_message',
        'dlq-reason': 'the value is not JSON',
      },
    });
    expect(JSON.parse(letter.headers['dlq-stripped'] ?? '')).toEqual({
      size: junk.length,
      sha256: sha256(junk),
      kept: 64_000,
    });
  });

  it('loses a key that is too large', async () => {
    const letter = await letterOf({ key: 'k'.repeat(1_048_400), value: 'junk' });

    expect(letter).toMatchObject({ key: null, value: 'junk' });
    expect(JSON.parse(letter.headers['dlq-stripped'] ?? '')).toMatchObject({ keySize: 1_048_400, kept: 4 });
  });

  it('loses its headers when they are too large', async () => {
    const letter = await letterOf({
      key: 'k',
      value: 'x'.repeat(1_000_000),
      headers: { big: 'h'.repeat(48_400) },
    });

    expect(letter.headers).not.toHaveProperty('big');
    expect(JSON.parse(letter.headers['dlq-stripped'] ?? '')).toMatchObject({ headers: 1 });
  });

  it('has a reason of at most 2,000 characters, whatever was quoted into it', async () => {
    const letter = await letterOf(undefined, {
      id: 'bad/1',
      reason: `'${'x'.repeat(600_000)}' is not known`,
    });

    expect(letter.headers['dlq-reason']).toHaveLength(2_000);
  });
});

describe('a header', () => {
  it("that begins with 'dlq-' settles nothing when its message becomes a dead letter", async () => {
    const harness = await kafkaHarness();
    const { transport } = harness.start();
    const topic = topics.commands(uniqueName('ns'), 'p');
    await transport.ensureTopics([topic]);
    const received = new Recorder();
    const consumer = await transport.consume(received.options(topic));
    await harness.produceRaw(topic, [
      { key: 'a', value: 'junk' },
      { key: 'a', value: 'junk', headers: { 'dlq-settled': '0/0', own: 'kept' } },
    ]);
    await send(transport, topic, [messageOf('a', 1)]);
    await received.untilCount(1);
    await consumer.stop();

    const letters = await harness.records(topics.deadLetters(topic));
    expect(letters).toHaveLength(2);
    expect(letters[1]?.headers).not.toHaveProperty('dlq-settled');
    expect(letters[1]?.headers).toMatchObject({ own: 'kept' });
    await transport.close();
    await harness.close();
  });
});
