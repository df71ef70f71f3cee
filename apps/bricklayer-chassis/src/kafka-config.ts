import { readFileSync } from 'node:fs';
import {
  type Compression,
  COMPRESSIONS,
  type KafkaRetention,
  type KafkaTransportOptions,
} from '@skald/kafka';
import { type Bounds, readWhole } from './whole-number.js';

/** What of the transport's options comes from outside. */
export type KafkaConfig = Pick<
  KafkaTransportOptions,
  | 'brokers'
  | 'ssl'
  | 'sasl'
  | 'saslWithoutTls'
  | 'partitions'
  | 'replicationFactor'
  | 'retention'
  | 'compression'
  | 'maximumBufferedBytes'
  | 'maximumBytes'
>;

/** As the transport has them. */
const PARTITIONS: Bounds = [1, 10_000];
const COPIES: Bounds = [1, 32_767];
const BUFFERED_BYTES: Bounds = [1_000_000, 2_147_483_647];
const MESSAGE_BYTES: Bounds = [10_000, 2_147_483_647];
const MINUTE_MS = 60_000;
const YEAR_MS = 31_536_000_000;

const MECHANISMS = {
  PLAIN: 'plain',
  'SCRAM-SHA-256': 'scram-sha-256',
  'SCRAM-SHA-512': 'scram-sha-512',
} as const;
const IN_CLEAR = 'yes-send-the-password-in-clear';
const MECHANISM_NAMES = Object.keys(MECHANISMS).join(', ');
const UNITS_MS = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
const RETENTION_KINDS: readonly (readonly [variable: string, kind: keyof KafkaRetention])[] = [
  ['KAFKA_RETENTION_COMMANDS', 'commands'],
  ['KAFKA_RETENTION_REPLIES', 'replies'],
  ['KAFKA_RETENTION_REQUESTS', 'requests'],
  ['KAFKA_RETENTION_EVENTS', 'events'],
  ['KAFKA_RETENTION_DLQ', 'deadLetters'],
];

/** Reads the `KAFKA_…` variables; what is wrong goes to `problems`, a sentence each, without secrets. */
export function readKafkaConfig(env: NodeJS.ProcessEnv, problems: string[]): KafkaConfig {
  const partitions = readWhole(env, 'KAFKA_PARTITIONS', PARTITIONS, problems);
  const replicationFactor = readWhole(env, 'KAFKA_REPLICATION_FACTOR', COPIES, problems);
  const ssl = readSsl(env, problems);
  const sasl = readSasl(env, problems);
  const retention = readRetention(env, problems);
  const saslWithoutTls = readSaslWithoutTls(env, sasl, ssl, problems);
  const compression = readCompression(env, problems);
  const maximumBufferedBytes = readWhole(env, 'KAFKA_MAXIMUM_BUFFERED_BYTES', BUFFERED_BYTES, problems);
  const maximumBytes = readWhole(env, 'KAFKA_MAXIMUM_BYTES', MESSAGE_BYTES, problems);
  return {
    brokers: readBrokers(env, problems),
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
    ...(saslWithoutTls !== undefined && { saslWithoutTls }),
    ...(compression !== undefined && { compression }),
    ...(maximumBufferedBytes !== undefined && { maximumBufferedBytes }),
    ...(maximumBytes !== undefined && { maximumBytes }),
    ...(partitions !== undefined && { partitions }),
    ...(replicationFactor !== undefined && { replicationFactor }),
    ...(retention !== undefined && { retention }),
  };
}

function readBrokers(env: NodeJS.ProcessEnv, problems: string[]): string[] {
  const brokers = (env['KAFKA_BROKERS'] ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter(Boolean);
  if (brokers.length === 0) {
    problems.push('KAFKA_BROKERS must name at least one broker, e.g. localhost:9092');
  } else if (!brokers.every((broker) => /^\S+:\d+$/.test(broker))) {
    problems.push('KAFKA_BROKERS must be host:port, comma-separated');
  }
  return brokers;
}

function readSsl(env: NodeJS.ProcessEnv, problems: string[]): KafkaConfig['ssl'] {
  const wanted = env['KAFKA_SSL'];
  if (wanted !== undefined && wanted !== 'true' && wanted !== 'false') {
    problems.push('KAFKA_SSL must be true or false');
  }
  const file = env['KAFKA_SSL_CA_FILE'];
  if (!file) return wanted === 'true' ? true : undefined;
  if (wanted !== 'true') {
    problems.push('KAFKA_SSL_CA_FILE has no use without KAFKA_SSL=true');
    return undefined;
  }
  try {
    return { ca: [readFileSync(file, 'utf8')] };
  } catch {
    problems.push(`KAFKA_SSL_CA_FILE: '${file}' cannot be read; name a file of certificates in PEM`);
    return undefined;
  }
}

function readSasl(env: NodeJS.ProcessEnv, problems: string[]): KafkaConfig['sasl'] {
  const name = env['KAFKA_SASL_MECHANISM'];
  const username = env['KAFKA_SASL_USERNAME'];
  const password = env['KAFKA_SASL_PASSWORD'];
  if (!name) {
    if (username || password) {
      problems.push(`KAFKA_SASL_MECHANISM is missing beside the user; one of ${MECHANISM_NAMES}`);
    }
    return undefined;
  }
  const mechanism = Object.entries(MECHANISMS).find(([known]) => known === name.toUpperCase())?.[1];
  if (mechanism === undefined) problems.push(`KAFKA_SASL_MECHANISM must be one of ${MECHANISM_NAMES}`);
  if (!username) problems.push('KAFKA_SASL_USERNAME is missing');
  if (!password) problems.push('KAFKA_SASL_PASSWORD is missing');
  if (mechanism === undefined || !username || !password) return undefined;
  return { mechanism, username, password };
}

/** What the transport would refuse is said with all that is wrong besides. */
function readSaslWithoutTls(
  env: NodeJS.ProcessEnv,
  sasl: KafkaConfig['sasl'],
  ssl: KafkaConfig['ssl'],
  problems: string[],
): KafkaConfig['saslWithoutTls'] {
  const said = env['KAFKA_SASL_PLAIN_WITHOUT_TLS'];
  if (said && said !== IN_CLEAR) {
    problems.push(`KAFKA_SASL_PLAIN_WITHOUT_TLS must be ${IN_CLEAR}, or not be there`);
  } else if (!said && sasl?.mechanism === 'plain' && ssl === undefined && env['KAFKA_SSL'] !== 'true') {
    problems.push(
      'KAFKA_SASL_MECHANISM=PLAIN sends the password itself, and without TLS anybody on the way can read it: set ' +
        `KAFKA_SSL=true, use a SCRAM mechanism, or say KAFKA_SASL_PLAIN_WITHOUT_TLS=${IN_CLEAR}`,
    );
  }
  return said === IN_CLEAR ? said : undefined;
}

function readRetention(env: NodeJS.ProcessEnv, problems: string[]): KafkaRetention | undefined {
  const given: { -readonly [kind in keyof KafkaRetention]: number } = {};
  for (const [variable, kind] of RETENTION_KINDS) {
    const text = env[variable];
    if (!text) continue;
    const [, number, unit = ''] = /^(\d+)(s|m|h|d)$/.exec(text) ?? [];
    const unitMs = UNITS_MS.get(unit);
    const milliseconds = Number(number ?? Number.NaN) * (unitMs ?? Number.NaN);
    if (milliseconds >= MINUTE_MS && milliseconds <= YEAR_MS) given[kind] = milliseconds;
    else problems.push(`${variable} must be a duration such as 12h or 7d, from 1m to 365d`);
  }
  return Object.keys(given).length === 0 ? undefined : given;
}

function readCompression(env: NodeJS.ProcessEnv, problems: string[]): Compression | undefined {
  const name = env['KAFKA_COMPRESSION'];
  if (!name) return undefined;
  const compression = COMPRESSIONS.find((known) => known === name);
  if (compression === undefined) problems.push(`KAFKA_COMPRESSION must be one of ${COMPRESSIONS.join(', ')}`);
  return compression;
}
