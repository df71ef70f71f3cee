import { describe, expect, it } from '@jest/globals';
import type { Message } from '@skald/core';
import { MemoryBroker } from './memory-broker.js';
import { MemoryTransport } from './memory-transport.js';

function record(n: number): { topic: string; key: string; value: string } {
  const message = { specversion: '1.0', id: String(n), source: '/t', type: 't', namespace: 'n', sagaid: 'k' };
  return { topic: 't', key: 'k', value: JSON.stringify(message) };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
  }
}

describe('the memory broker', () => {
  it('shows what was stored, in order of arrival over all partitions', () => {
    const broker = new MemoryBroker();
    broker.create('t');
    broker.append(['a', 'b', 'c', 'd', 'e'].map((key) => ({ topic: 't', key, value: key })));

    expect(broker.messages('t').map(({ value }) => value)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('stores nothing of a batch in which one topic is missing', () => {
    const broker = new MemoryBroker();
    broker.create('t');

    expect(() => broker.append([record(1), { ...record(2), topic: 'missing' }])).toThrow("'missing'");
    expect(broker.messages('t')).toEqual([]);
  });

  it('lets a transport send what it can, and names what it refuses for good', async () => {
    const broker = new MemoryBroker({ maximumBytes: 300 });
    const transport = new MemoryTransport({ broker });
    await transport.ensureTopics(['t']);
    const message = (id: string, data: unknown): Message => ({
      specversion: '1.0',
      id,
      source: '/t',
      type: 't',
      namespace: 'n',
      sagaid: 'k',
      data,
    });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const sent = [
      { topic: 't', message: message('1', 'x') },
      { topic: 't', message: message('2', 'é'.repeat(200)) },
      { topic: 'missing', message: message('3', 'x') },
      { topic: 't', message: message('4', circular) },
      { topic: 't', message: message('5', 'x') },
    ];

    const sending = transport.send(sent);

    await expect(sending).rejects.toMatchObject({
      code: 'message_refused',
      refused: [
        { message: sent[1]?.message, code: 'too_large', reason: expect.stringContaining('of 300 bytes') },
        { message: sent[2]?.message, code: 'unknown_topic', reason: "the topic 'missing' does not exist" },
        { message: sent[3]?.message, code: 'not_json' },
      ],
    });
    expect(broker.messages('t').map(({ value }) => JSON.parse(value).id)).toEqual(['1', '5']);
  });

  it('refuses a limit that is none', () => {
    expect(() => new MemoryBroker({ maximumBytes: 0 })).toThrow('maximumBytes');
  });

  it('forgets old messages only when every group has confirmed them', async () => {
    const broker = new MemoryBroker({ keep: 2 });
    const transport = new MemoryTransport({ broker });
    await transport.ensureTopics(['t']);
    const consume = (group: string, handle: () => Promise<readonly never[]>): Promise<unknown> =>
      transport.consume({ group, topics: ['t'], from: 'beginning', maximumBatch: 1, handle });
    let done = 0;
    await consume('slow', () => new Promise(() => undefined));
    await consume('fast', async () => {
      done += 1;
      return [];
    });

    broker.append(Array.from({ length: 10 }, (_, n) => record(n)));
    await turns(5);

    expect(done).toBe(10);
    expect(broker.messages('t')).toHaveLength(10);
    transport.abandon();
  });

  it('keeps as many as it was told after all groups have confirmed them', async () => {
    const broker = new MemoryBroker({ keep: 4 });
    const transport = new MemoryTransport({ broker });
    await transport.ensureTopics(['t']);
    const consumer = await transport.consume({
      group: 'g',
      topics: ['t'],
      from: 'beginning',
      maximumBatch: 5,
      handle: async () => [],
    });

    broker.append(Array.from({ length: 50 }, (_, n) => record(n)));
    await turns(5);
    await consumer.stop();

    const kept = broker.messages('t').map(({ offset }) => offset);
    expect(kept.at(-1)).toBe(49);
    expect(kept.length).toBeGreaterThanOrEqual(4);
    expect(kept.length).toBeLessThan(12);
  });

  it.each([{ partitions: 0 }, { partitions: 1.5 }, { keep: -1 }])('refuses %j', (options) => {
    expect(() => new MemoryBroker(options)).toThrow(Object.keys(options)[0]);
  });
});
