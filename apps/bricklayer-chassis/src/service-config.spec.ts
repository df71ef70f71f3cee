import { describe, expect, it } from '@jest/globals';
import { readServiceConfig } from './service-config.js';

const ENOUGH = { KAFKA_BROKERS: 'localhost:9092', DATABASE_URL: 'postgres://ada:secret@localhost/bots' };
const LOGIN = {
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256',
  KAFKA_SASL_USERNAME: 'ada',
  KAFKA_SASL_PASSWORD: 'hush',
};

describe('the configuration of a service', () => {
  it('needs brokers and a database, and has defaults for the rest', () => {
    expect(readServiceConfig(ENOUGH)).toEqual({
      kafka: { brokers: ['localhost:9092'] },
      databaseUrl: ENOUGH.DATABASE_URL,
      http: { allowedHosts: [], withoutAuthentication: false },
      namespace: 'bricklayer',
      port: 3_000,
      host: '127.0.0.1',
    });
  });

  it('takes who may use the HTTP interface', () => {
    const { http } = readServiceConfig({
      ...ENOUGH,
      HTTP_ALLOWED_HOSTS: 'sagas.example, other-1.example',
      HTTP_WITHOUT_AUTHENTICATION: 'yes-anyone-may-operate',
    });

    expect(http).toEqual({ allowedHosts: ['sagas.example', 'other-1.example'], withoutAuthentication: true });
  });

  it('names everything that is wrong at once', () => {
    const read = (): unknown =>
      readServiceConfig({ KAFKA_BROKERS: 'localhost', PORT: 'x', HEALTH_PORT: '-1' });

    expect(read).toThrow('KAFKA_BROKERS must be host:port');
    expect(read).toThrow('DATABASE_URL');
    expect(read).toThrow(/^ {2}PORT must be a whole number from 0 to 65535$/m);
    expect(read).toThrow(/^ {2}HEALTH_PORT must be a whole number from 0 to 65535$/m);
  });

  it.each([
    ['PLAIN', 'plain'],
    ['SCRAM-SHA-256', 'scram-sha-256'],
    ['scram-sha-512', 'scram-sha-512'],
  ])('takes the login of Kafka with %s', (name, mechanism) => {
    const { kafka } = readServiceConfig({
      ...ENOUGH,
      ...LOGIN,
      KAFKA_SASL_MECHANISM: name,
      KAFKA_SSL: 'true',
    });

    expect(kafka.sasl).toEqual({ mechanism, username: 'ada', password: 'hush' });
  });

  it('takes a password that anybody can read when somebody has said so', () => {
    const { kafka } = readServiceConfig({
      ...ENOUGH,
      ...LOGIN,
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_PLAIN_WITHOUT_TLS: 'yes-send-the-password-in-clear',
    });

    expect(kafka).toMatchObject({
      sasl: { mechanism: 'plain' },
      saslWithoutTls: 'yes-send-the-password-in-clear',
    });
  });

  it('takes partitions, replication factor and retention of topics that it creates', () => {
    const { kafka } = readServiceConfig({
      ...ENOUGH,
      KAFKA_PARTITIONS: '6',
      KAFKA_REPLICATION_FACTOR: '3',
      KAFKA_RETENTION_COMMANDS: '12h',
      KAFKA_RETENTION_DLQ: '30d',
    });

    expect(kafka).toEqual({
      brokers: ['localhost:9092'],
      partitions: 6,
      replicationFactor: 3,
      retention: { commands: 43_200_000, deadLetters: 2_592_000_000 },
    });
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'an unknown mechanism',
      { ...LOGIN, KAFKA_SASL_MECHANISM: 'GSSAPI' },
      'must be one of PLAIN, SCRAM-SHA-256',
    ],
    ['a login without a password', { ...LOGIN, KAFKA_SASL_PASSWORD: '' }, 'KAFKA_SASL_PASSWORD is missing'],
    ['a login without a user', { ...LOGIN, KAFKA_SASL_USERNAME: '' }, 'KAFKA_SASL_USERNAME is missing'],
    [
      'a password that anybody can read',
      { ...LOGIN, KAFKA_SASL_MECHANISM: 'PLAIN' },
      'say KAFKA_SASL_PLAIN_WITHOUT_TLS=yes-send-the-password-in-clear',
    ],
    [
      'that to be said in passing',
      { ...LOGIN, KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_SASL_PLAIN_WITHOUT_TLS: 'true' },
      'KAFKA_SASL_PLAIN_WITHOUT_TLS must be yes-send-the-password-in-clear',
    ],
    ['a user without a mechanism', { ...LOGIN, KAFKA_SASL_MECHANISM: '' }, 'KAFKA_SASL_MECHANISM is missing'],
    ['TLS that is neither on nor off', { KAFKA_SSL: 'yes' }, 'KAFKA_SSL must be true or false'],
    ['certificates without TLS', { KAFKA_SSL_CA_FILE: '/ca.pem' }, 'no use without KAFKA_SSL=true'],
    [
      'certificates that are not there',
      { KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: '/nowhere.pem' },
      "'/nowhere.pem' cannot be read",
    ],
    [
      'a host with a port',
      { HTTP_ALLOWED_HOSTS: 'sagas.example:80' },
      'HTTP_ALLOWED_HOSTS must be names without ports',
    ],
    ['every host', { HTTP_ALLOWED_HOSTS: '*.example' }, 'without ports and wildcards'],
    [
      'an interface for everybody that is said in passing',
      { HTTP_WITHOUT_AUTHENTICATION: 'true' },
      'must be yes-anyone-may-operate',
    ],
    ['an unknown compression', { KAFKA_COMPRESSION: 'zip' }, 'KAFKA_COMPRESSION must be one of none, gzip'],
    [
      'half a partition',
      { KAFKA_PARTITIONS: '1.5' },
      'KAFKA_PARTITIONS must be a whole number from 1 to 10000',
    ],
    ['more partitions than there can be', { KAFKA_PARTITIONS: '10001' }, 'from 1 to 10000'],
    ['copies that are no number', { KAFKA_REPLICATION_FACTOR: 'three' }, 'a whole number from 1 to 32767'],
    ['messages of no size', { KAFKA_MAXIMUM_BYTES: '9999' }, 'from 10000 to 2147483647'],
    ['room for no batch', { KAFKA_MAXIMUM_BUFFERED_BYTES: '1000' }, 'from 1000000 to 2147483647'],
    ['a port that is no port', { PORT: '65536' }, 'PORT must be a whole number from 0 to 65535'],
    ['a port in another notation', { PORT: '0x50' }, 'PORT must be a whole number from 0 to 65535'],
    ['a port that is blank', { HEALTH_PORT: ' ' }, 'HEALTH_PORT must be a whole number from 0 to 65535'],
    ['a namespace that is no name', { SKALD_NAMESPACE: 'My Shop' }, 'SKALD_NAMESPACE must be 1 to 63'],
    ['a namespace that is empty', { SKALD_NAMESPACE: '' }, 'SKALD_NAMESPACE must be 1 to 63'],
    [
      'a retention of no time',
      { KAFKA_RETENTION_DLQ: '0s' },
      'KAFKA_RETENTION_DLQ must be a duration such as 12h or 7d, from 1m to 365d',
    ],
    ['a retention of centuries', { KAFKA_RETENTION_DLQ: '99999d' }, 'from 1m to 365d'],
    [
      'a retention without a unit',
      { KAFKA_RETENTION_EVENTS: '7' },
      'KAFKA_RETENTION_EVENTS must be a duration',
    ],
    [
      'a TLS mode that PostgreSQL does not know',
      { DATABASE_URL: `${ENOUGH.DATABASE_URL}?sslmode=required` },
      'sslmode must be one of disable, prefer',
    ],
    [
      'a root certificate of the database that is not there',
      { DATABASE_URL: `${ENOUGH.DATABASE_URL}?sslmode=verify-full&sslrootcert=/nowhere.pem` },
      "'/nowhere.pem' of sslrootcert cannot be read",
    ],
  ])('refuses %s', (_what, env, problem) => {
    expect(() => readServiceConfig({ ...ENOUGH, ...env })).toThrow(problem);
  });

  it.each([
    'ada:sec%ret@localhost',
    'ada:sec#ret@localhost',
    'ada:sec/ret@localhost',
    'ada:secret@[localhost',
  ])('refuses the database url postgres://%s, which cannot be read, and repeats nothing of it', (rest) => {
    const read = (): unknown => readServiceConfig({ ...ENOUGH, DATABASE_URL: `postgres://${rest}/bots` });

    expect(read).toThrow('DATABASE_URL cannot be read: percent-encode');
    expect(read).not.toThrow(/sec|ret@/);
  });

  it('never repeats a password in what it says is wrong', () => {
    const read = (): unknown =>
      readServiceConfig({ ...ENOUGH, ...LOGIN, KAFKA_SASL_MECHANISM: '', PORT: 'x' });

    expect(read).not.toThrow('hush');
    expect(read).not.toThrow('secret');
  });
});
