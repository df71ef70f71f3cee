import { describe, expect, it } from '@jest/globals';
import { KafkaDeadLetters } from './kafka-dead-letters.js';

describe('dead letters', () => {
  it('remember nothing of topics that do not exist, and ask the broker for nothing of them', async () => {
    let asked = 0;
    const reader = {
      topics: async () => ['shop.stock.commands', 'shop.stock.commands.dlq'],
      ranges: async () => {
        asked += 1;
        return new Map([[0, { from: 0, to: 0 }]]);
      },
      read: async () => undefined,
    };
    const letters = new KafkaDeadLetters(reader, { send: async () => undefined });
    for (let n = 0; n < 100; n += 1) {
      expect(await letters.find({ topic: `shop.no-${n}`, partition: 0, offset: '0' })).toBeUndefined();
    }
    expect(asked).toBe(0);
    await letters.find({ topic: 'shop.stock.commands', partition: 0, offset: '0' });
    const indexes: Map<string, unknown> = Reflect.get(letters, 'indexes');
    expect([...indexes.keys()]).toEqual(['shop.stock.commands']);
  });

  it('forget a topic that is no more', async () => {
    const present = ['a.dlq', 'b.dlq'];
    const reader = {
      topics: async () => present,
      ranges: async () => {
        if (present.length > 1) return new Map([[0, { from: 0, to: 0 }]]);
        throw Object.assign(new Error('gone'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
      },
      read: async () => undefined,
    };
    const letters = new KafkaDeadLetters(reader, { send: async () => undefined });
    for (const topic of ['a', 'b']) await letters.find({ topic, partition: 0, offset: '0' });
    present.splice(0, 1);
    await letters.find({ topic: 'a', partition: 0, offset: '0' });
    const indexes: Map<string, unknown> = Reflect.get(letters, 'indexes');
    expect([...indexes.keys()]).toEqual(['b']);
  });
});
