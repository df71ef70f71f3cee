import { describe, expect, it } from '@jest/globals';
import { KafkaOptionsError } from './errors.js';
import { type KafkaTransportOptions, readOptions } from './options.js';

const log = { log: () => undefined, warn: () => undefined, error: () => undefined };
const good: KafkaTransportOptions = { brokers: ['localhost:9092'], clientId: 'shop', log };

const LOGIN = { username: 'ada', password: 'hush' };

describe('the options of a Kafka transport', () => {
  it('have defaults', () => {
    expect(readOptions(good)).toMatchObject({
      partitions: 4,
      replicationFactor: -1,
      sendTimeoutMs: 10_000,
      sessionTimeoutMs: 6_000,
      maximumBytes: 1_000_000,
    });
  });

  it.each<[string, Partial<KafkaTransportOptions>]>([
    ['brokers', { brokers: [] }],
    ['brokers', { brokers: ['localhost'] }],
    ['clientId', { clientId: ' ' }],
    ['sasl', { sasl: { mechanism: 'plain', ...LOGIN } }],
    ['sasl', { sasl: { mechanism: 'plain', ...LOGIN }, ssl: false }],
    [
      'sasl',
      { sasl: { mechanism: 'oauthbearer', oauthBearerProvider: () => Promise.resolve({ value: 'hush' }) } },
    ],
    ['partitions', { partitions: 0 }],
    ['replicationFactor', { replicationFactor: 0 }],
    ['retention.commands', { retention: { commands: '30s' } }],
    ['sendTimeoutMs', { sendTimeoutMs: 10 }],
    ['maximumBytes', { maximumBytes: 9_999 }],
    ['maximumBufferedBytes', { maximumBufferedBytes: 10 }],
    ['sessionTimeoutMs', { sessionTimeoutMs: 5_000 }],
    ['sessionTimeoutMs', { sessionTimeoutMs: 1_800_001 }],
    ['sendTimeoutMs', { sendTimeoutMs: 600_001 }],
    ['partitions', { partitions: 10_001 }],
    ['partitions', { partitions: Number.NaN }],
    ['replicationFactor', { replicationFactor: 32_768 }],
    ['maximumBytes', { maximumBytes: 2 ** 31 }],
    ['maximumBufferedBytes', { maximumBufferedBytes: Infinity }],
  ])('are refused with the name of the one that is wrong: %s', (option, wrong) => {
    const reading = (): unknown => readOptions({ ...good, ...wrong });

    expect(reading).toThrow(KafkaOptionsError);
    expect(reading).toThrow(`'${option}'`);
  });

  it.each(['localhost:9092', undefined, []])('are refused whose brokers are no list: %j', (brokers) => {
    const wrong: unknown = brokers;
    expect(() => readOptions({ ...good, brokers: wrong as string[] })).toThrow(
      "give a list of at least one 'host:port'",
    );
  });

  it.each<[string, object]>([
    ['partition', { partition: 3 }],
    ['maximumBuffered', { maximumBuffered: 1 }],
    ['retention.command', { retention: { command: '1d' } }],
  ])('are refused by the name of the one that there is not: %s', (option, wrong) => {
    const reading = (): unknown => readOptions({ ...good, ...wrong });
    expect(reading).toThrow(`option '${option}': there is no such option here; there are `);
  });

  it('are refused when the password is let through in passing', () => {
    const wrong: object = { saslWithoutTls: 'yes' };
    expect(() => readOptions({ ...good, ...wrong })).toThrow("'saslWithoutTls'");
  });

  it.each<[string, Partial<KafkaTransportOptions>]>([
    ['over TLS', { ssl: true, sasl: { mechanism: 'plain', ...LOGIN } }],
    ['by a mechanism that does not send it', { sasl: { mechanism: 'scram-sha-512', ...LOGIN } }],
    [
      'when somebody has said that it may be read',
      { sasl: { mechanism: 'plain', ...LOGIN }, saslWithoutTls: 'yes-send-the-password-in-clear' },
    ],
  ])('take a password %s', (_what, login) => {
    expect(() => readOptions({ ...good, ...login })).not.toThrow();
  });

  it('never repeat a password in what they say is wrong', () => {
    const reading = (): unknown => readOptions({ ...good, sasl: { mechanism: 'plain', ...LOGIN } });

    expect(reading).toThrow('KAFKA_SASL_PLAIN_WITHOUT_TLS=yes-send-the-password-in-clear');
    expect(reading).not.toThrow('hush');
  });
});
