import { checkOptions, type Duration, givenText, readDuration } from '@skald/core';
import { type CrashProbe, type Log, printableLog } from '@skald/ports';
import type { KafkaConfig, logCreator, SASLOptions } from 'kafkajs';
import { type Compression, COMPRESSIONS, isWritable } from './codecs.js';
import { KafkaOptionsError } from './errors.js';
import { kafkajsLog } from './kafkajs-log.js';
import { TOPIC_KINDS, type TopicKind } from './topic-kind.js';

const SHORTEST_RETENTION_MS = 60_000;

/** What has to be said before a password goes over the network as it is. */
const IN_CLEAR = 'yes-send-the-password-in-clear';
const SEND_THE_SECRET: ReadonlySet<string> = new Set(['plain', 'oauthbearer']);

const MOST_BYTES = 2_147_483_647;
const MOST_PARTITIONS = 10_000;
const MOST_COPIES = 32_767;
const LONGEST_SEND_MS = 600_000;
/** A broker's own default bound. */
const LONGEST_SESSION_MS = 1_800_000;

/** The compiler sees that none is missing. */
const OPTIONS: Record<keyof KafkaTransportOptions, true> = {
  brokers: true,
  clientId: true,
  ssl: true,
  sasl: true,
  saslWithoutTls: true,
  partitions: true,
  replicationFactor: true,
  retention: true,
  sendTimeoutMs: true,
  sessionTimeoutMs: true,
  maximumBufferedBytes: true,
  maximumBytes: true,
  compression: true,
  log: true,
  onRequest: true,
  crashProbe: true,
};

/** Retention in milliseconds, of the kinds for which it is configured. */
export type RetentionMs = { readonly [kind in TopicKind]?: number };

/**
 * How long messages are kept, in milliseconds or as text such as `'7d'`; from a minute to a year. Whatever lies longer
 * than that in a topic without having been taken is lost, so think of the longest outage; existing topics stay as they
 * are, and one that keeps its messages for a shorter time is warned of.
 */
export type KafkaRetention = { readonly [kind in TopicKind]?: Duration };

export interface KafkaTransportOptions {
  /** Where the cluster is met first: `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** Name of this service in the brokers' logs and quotas. */
  readonly clientId: string;
  /** TLS: `true` for the system's certificates, or the options of `tls.connect`. Default: no TLS. */
  readonly ssl?: KafkaConfig['ssl'];
  /** How to log in: mechanism `plain`, `scram-sha-256`, `scram-sha-512`, `aws` or `oauthbearer`. Default: no login. */
  readonly sasl?: SASLOptions;
  /**
   * Lets the mechanisms `plain` and `oauthbearer`, which send the secret itself, be used without TLS, where anybody on the
   * way can read it. Default: that is refused.
   */
  readonly saslWithoutTls?: typeof IN_CLEAR;
  /**
   * Partitions of a topic that is created here; existing topics stay as they are, and one that has fewer is warned of.
   * From 1 to 10,000, default 4. Dead-letter topics have 1.
   * Few partitions on few cores are faster; a group has no use for more replicas than partitions.
   */
  readonly partitions?: number;
  /** Copies of a topic that is created here: 1 or more, or -1 for the broker's default. Default -1. */
  readonly replicationFactor?: number;
  /** How long topics that are created here keep their messages, by kind. Default: as the broker is set, mostly 7 days. */
  readonly retention?: KafkaRetention;
  /** Milliseconds after which a send that the broker has not confirmed is rejected. From 500 to 600 000, default 10 000. */
  readonly sendTimeoutMs?: number;
  /**
   * Milliseconds without a heartbeat after which the broker gives a dead consumer's partitions to the others. At least
   * 6 000, which is the default, and at most 1 800 000 (a broker's own default bounds). Heartbeats go out twice a second, also while messages wait.
   */
  readonly sessionTimeoutMs?: number;
  /**
   * How many bytes of messages each consumer fetches ahead of its handler, from 1,000,000 to 2^31-1; default 16,000,000. A batch
   * has at most half as many, or one message. Memory grows by a few times as much at most, whatever the backlog is.
   */
  readonly maximumBufferedBytes?: number;
  /**
   * The largest message that brokers and topics surely take, in bytes: their `max.message.bytes`, less 10,000 or more for what
   * is around a message. Participants refuse larger replies before anything is committed. Whatever Kafka takes is sent all
   * the same. From 10,000 to 2^31-1; default 1,000,000.
   */
  readonly maximumBytes?: number;
  /**
   * How what is sent is compressed: `none`, `gzip`, `snappy`, `lz4`, or, from Node.js 22.15 on, `zstd`. All of these are
   * read, however this is set. Default: none.
   */
  readonly compression?: Compression;
  readonly log: Log;
  /** Told the name of the API (`Produce`, `Fetch`, …) of each request that the broker has answered, for measurements. */
  readonly onRequest?: (api: string) => void;
  /** For tests that kill the process at a crash point. */
  readonly crashProbe?: CrashProbe;
}

export interface KafkaSettings extends KafkaTransportOptions {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly retentionMs: RetentionMs;
  readonly sendTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly maximumBufferedBytes: number;
  readonly maximumBytes: number;
  readonly compression: Compression;
  readonly crashProbe: CrashProbe;
  /** One for all clients of a transport, so that they do not all say the same. */
  readonly clientLog: logCreator;
}

/** @throws KafkaOptionsError or DefinitionError naming the option */
export function readOptions(options: KafkaTransportOptions): KafkaSettings {
  checkOptions('Kafka transport', '', options, Object.keys(OPTIONS));
  const { brokers, clientId } = options;
  // Not narrowed by it: what a list holds is told by its type.
  const isList: boolean = Array.isArray(brokers);
  if (!isList || brokers.length === 0)
    throw new KafkaOptionsError('brokers', "give a list of at least one 'host:port'");
  for (const broker of brokers) {
    if (!/^\S+:\d{1,5}$/.test(broker)) {
      throw new KafkaOptionsError('brokers', `${JSON.stringify(broker)} is no broker; write 'host:port'`);
    }
  }
  if (typeof clientId !== 'string' || clientId.trim() === '')
    throw new KafkaOptionsError('clientId', 'give the name of this service');

  const { sasl, ssl, saslWithoutTls } = options;
  if (saslWithoutTls !== undefined && saslWithoutTls !== IN_CLEAR) {
    throw new KafkaOptionsError('saslWithoutTls', 'say "yes-send-the-password-in-clear", or leave it out');
  }
  if (sasl && !ssl && SEND_THE_SECRET.has(sasl.mechanism) && saslWithoutTls !== IN_CLEAR) {
    throw new KafkaOptionsError(
      'sasl',
      `with '${sasl.mechanism}' the password itself is sent, and without TLS anybody on the way can read it: use TLS ` +
        `(KAFKA_SSL=true) or a SCRAM mechanism, or say KAFKA_SASL_PLAIN_WITHOUT_TLS=${IN_CLEAR}`,
    );
  }
  const partitions = options.partitions ?? 4;
  checkBounds('partitions', partitions, 1, MOST_PARTITIONS);
  const replicationFactor = options.replicationFactor ?? -1;
  if (replicationFactor !== -1) checkBounds('replicationFactor', replicationFactor, 1, MOST_COPIES);
  const sendTimeoutMs = options.sendTimeoutMs ?? 10_000;
  checkBounds('sendTimeoutMs', sendTimeoutMs, 500, LONGEST_SEND_MS);
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 6_000;
  checkBounds('sessionTimeoutMs', sessionTimeoutMs, 6_000, LONGEST_SESSION_MS);
  const log = printableLog(options.log);
  const maximumBufferedBytes = options.maximumBufferedBytes ?? 16_000_000;
  checkBounds('maximumBufferedBytes', maximumBufferedBytes, 1_000_000, MOST_BYTES);
  const maximumBytes = options.maximumBytes ?? 1_000_000;
  checkBounds('maximumBytes', maximumBytes, 10_000, MOST_BYTES);
  const compression = options.compression ?? 'none';
  checkCompression(compression);
  return {
    ...options,
    maximumBufferedBytes,
    maximumBytes,
    compression,
    log,
    partitions,
    replicationFactor,
    retentionMs: readRetention(options.retention ?? {}),
    sendTimeoutMs,
    sessionTimeoutMs,
    crashProbe: options.crashProbe ?? noProbe,
    clientLog: kafkajsLog(log),
  };
}

function readRetention(retention: KafkaRetention): RetentionMs {
  checkOptions('Kafka transport', 'retention.', retention, TOPIC_KINDS);
  const read: { [kind in TopicKind]?: number } = {};
  for (const kind of TOPIC_KINDS) {
    const value = retention[kind];
    if (value === undefined) continue;
    const option = `retention.${kind}`;
    read[kind] = readDuration('Kafka transport', option, value);
    checkBounds(option, read[kind], SHORTEST_RETENTION_MS);
  }
  return read;
}

function checkCompression(compression: Compression): void {
  if (!COMPRESSIONS.includes(compression)) {
    throw new KafkaOptionsError(
      'compression',
      `'${compression}' is not known; use ${COMPRESSIONS.join(', ')}`,
    );
  }
  if (!isWritable(compression)) {
    throw new KafkaOptionsError(
      'compression',
      `this Node.js cannot write ${compression}; use another, or Node.js 22.15`,
    );
  }
}

/** @throws KafkaOptionsError naming the option and its bounds */
export function checkBounds(
  option: string,
  value: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new KafkaOptionsError(option, `${givenText(value)} is not allowed; use a whole number ${bounds}`);
}

async function noProbe(): Promise<void> {}
