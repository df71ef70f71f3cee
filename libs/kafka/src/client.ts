import { Kafka, logLevel } from 'kafkajs';
import type { KafkaSettings } from './options.js';
import { registerCodecs } from './codecs.js';
import { noteFetchStarts } from './fetch-starts.js';
import { restIdleQueues } from './idle-queues.js';
import { quickenFetch } from './quick-fetch.js';
import { quickenProduce } from './quick-produce.js';

/**
 * Every place where kafkajs tries again uses this, nested ones too, so a few tries are many. All values are given, because
 * kafkajs takes other defaults when NODE_ENV is `test`.
 */
export const RETRY = { initialRetryTime: 100, multiplier: 2, maxRetryTime: 1_000, factor: 0.2, retries: 3 };

/** Connects nothing. Consumers need a client each: kafkajs keeps a group's offsets in the client, for all its consumers. */
export function kafkaClient(settings: KafkaSettings): Kafka {
  quickenFetch();
  noteFetchStarts();
  registerCodecs();
  quickenProduce();
  restIdleQueues();
  return new Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    ...(settings.ssl !== undefined && { ssl: settings.ssl }),
    ...(settings.sasl !== undefined && { sasl: settings.sasl }),
    connectionTimeout: 3_000,
    requestTimeout: settings.sendTimeoutMs,
    retry: RETRY,
    logLevel: logLevel.WARN,
    logCreator: settings.clientLog,
  });
}
