import { describe, expect, it } from '@jest/globals';
import { Isolation, type Unstored } from './isolation.js';
import type { TopicRecord } from './produce-parts.js';

const record = (topic: string, value = 'x'): TopicRecord => ({ topic, record: { key: null, value } });
const ofType = (type: string): Error => Object.assign(new Error(type), { type });

/** A broker that knows some topics, takes no value but 'x', and remembers what it was asked. */
class Broker {
  readonly requests: string[][] = [];
  readonly stored: TopicRecord[] = [];
  listed = 0;
  readonly isolation = new Isolation({
    request: async (records) => this.take(records),
    topicNames: async () => {
      this.listed += 1;
      return [...this.topics, ...this.young];
    },
  });

  constructor(
    readonly topics: Set<string>,
    readonly young = new Set<string>(),
    private readonly fail?: () => Error,
  ) {}

  async send(...records: TopicRecord[]): Promise<{ goesOn: boolean; refused: string[]; failed: number }> {
    const unstored: Unstored = new Map();
    const goesOn = await this.isolation.send(records, unstored);
    const all = [...unstored.values()];
    return {
      goesOn,
      refused: all.flatMap((one) =>
        'refused' in one ? [`${one.refused.code} ${one.refused.record.topic}`] : [],
      ),
      failed: all.filter((one) => 'error' in one).length,
    };
  }

  private take(records: readonly TopicRecord[]): void {
    this.requests.push(records.map(({ topic }) => topic));
    if (this.fail) throw this.fail();
    if (records.some(({ topic }) => !this.topics.has(topic))) throw ofType('UNKNOWN_TOPIC_OR_PARTITION');
    if (records.some((one) => one.topic === 'closed')) throw ofType('TOPIC_AUTHORIZATION_FAILED');
    if (records.some((one) => one.record.value !== 'x')) throw ofType('MESSAGE_TOO_LARGE');
    this.stored.push(...records);
  }
}

describe('records that are sent together', () => {
  it('cost one request when the broker takes them', async () => {
    const broker = new Broker(new Set(['a', 'b']));

    expect(await broker.send(record('a'), record('b'))).toEqual({ goesOn: true, refused: [], failed: 0 });

    expect(broker).toMatchObject({ requests: [['a', 'b']], listed: 0 });
  });

  it('are stored without those whose topics do not exist, however many these are', async () => {
    const broker = new Broker(new Set(['a']));
    const missing = Array.from({ length: 50 }, (_, n) => record(`no-${n}`));

    const { refused } = await broker.send(record('a'), ...missing, record('a'));

    expect(refused).toEqual(missing.map(({ topic }) => `unknown_topic ${topic}`));
    expect(broker.stored).toHaveLength(2);
    expect(broker).toMatchObject({ listed: 1, requests: [expect.anything(), ['a', 'a']] });
  });

  it('wait for no topic that was missing before, and find it when it was created since', async () => {
    const broker = new Broker(new Set(['a']));
    await broker.send(record('no'));
    broker.requests.length = 0;

    expect(await broker.send(record('a'), record('no'))).toMatchObject({ refused: ['unknown_topic no'] });
    expect(broker.requests).toEqual([['a']]);
    broker.topics.add('no');
    expect(await broker.send(record('no'))).toMatchObject({ refused: [], failed: 0 });
    // It is no suspect any more.
    const { listed } = broker;
    await broker.send(record('no'));
    expect(broker.listed).toBe(listed);
  });

  it('are not refused when their topic was just created and its leader does not know it yet', async () => {
    const broker = new Broker(new Set(['a']), new Set(['young']));

    const { refused, failed } = await broker.send(record('young'), record('a'));

    expect({ refused, failed, stored: broker.stored.length }).toEqual({ refused: [], failed: 1, stored: 1 });
  });

  it('are stored without those to a topic that this client may not write to', async () => {
    const broker = new Broker(new Set(['a', 'closed']));

    const { refused } = await broker.send(record('a'), record('closed'), record('closed'));

    expect(refused).toEqual(['not_allowed closed', 'not_allowed closed']);
    expect(broker.stored).toHaveLength(1);
  });

  it('are stored without the one that is too large, in their order', async () => {
    const broker = new Broker(new Set(['a']));
    const all = Array.from({ length: 20 }, (_, n) => record('a', n === 13 ? 'large' : 'x'));

    const { refused } = await broker.send(...all);

    expect(refused).toEqual(['too_large a']);
    expect(broker.stored).toEqual(all.filter((_, n) => n !== 13));
    expect(broker.requests.length).toBeLessThan(12);
  });

  it('fail all at once when the broker is away', async () => {
    const away = (): Error => Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    const broker = new Broker(new Set(['a', 'b']), new Set(), away);

    expect(await broker.send(record('a'), record('b'), record('b'))).toEqual({
      goesOn: false,
      refused: [],
      failed: 3,
    });
    expect(broker.requests).toHaveLength(1);
  });
});
