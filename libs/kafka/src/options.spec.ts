import { describe, expect, it } from '@jest/globals';
import { KafkaOptionsError } from './errors.js';
import { type KafkaTransportOptions, readOptions } from './options.js';

const log = { log: () => undefined, warn: () => undefined, error: () => undefined };
const good: KafkaTransportOptions = { brokers: ['localhost:9092'], clientId: 'shop', log };

describe('the options of a Kafka transport', () => {
  it('have defaults', () => {
    expect(readOptions(good)).toMatchObject({
      partitions: 4,
      replicationFactor: -1,
      sendTimeoutMs: 10_000,
      sessionTimeoutMs: 10_000,
    });
  });

  it.each<[string, Partial<KafkaTransportOptions>]>([
    ['brokers', { brokers: [] }],
    ['brokers', { brokers: ['localhost'] }],
    ['clientId', { clientId: ' ' }],
    ['partitions', { partitions: 0 }],
    ['replicationFactor', { replicationFactor: 0 }],
    ['retention.commands', { retention: { commands: '30s' } }],
    ['sendTimeoutMs', { sendTimeoutMs: 10 }],
    ['sessionTimeoutMs', { sessionTimeoutMs: 5_000 }],
  ])('are refused with the name of the one that is wrong: %s', (option, wrong) => {
    const reading = (): unknown => readOptions({ ...good, ...wrong });

    expect(reading).toThrow(KafkaOptionsError);
    expect(reading).toThrow(`'${option}'`);
  });
});
