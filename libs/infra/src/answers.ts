import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { Client, type QueryResult } from 'pg';
import { codeOf, InfraError, messageOf } from './infra-error.js';

const RETRY_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;

export interface WaitOptions {
  readonly timeoutMs: number;
  /** What is waited for, for the error: `Kafka at localhost:9092 (KAFKA_BROKERS)`. */
  readonly what: string;
  /** What to do when it does not answer: a sentence. */
  readonly advice: string;
}

/**
 * Waits until the brokers list their topics and the group coordinator answers. The coordinator needs
 * `__consumer_offsets`, which the broker creates when first asked: so it is not the user's first consumer that waits.
 * @throws {InfraError} `NO_ANSWER` after the timeout.
 */
export async function untilKafkaAnswers(brokers: string[], options: WaitOptions): Promise<void> {
  await untilAnswered(options, async () => {
    const admin = new kafkajs.Kafka({
      clientId: 'skald-infra',
      brokers,
      logLevel: kafkajs.logLevel.NOTHING,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      retry: { retries: 0 },
    }).admin();
    try {
      await admin.connect();
      await admin.listTopics();
      await admin.describeGroups(['skald-infra-probe']);
    } finally {
      await admin.disconnect();
    }
  });
}

/**
 * Waits until the server takes a connection; returns its version, such as `18.4`.
 * @throws {InfraError} `NO_ANSWER` after the timeout, or at once when the server refuses the user or the database.
 */
export async function untilPostgresAnswers(url: string, options: WaitOptions): Promise<string> {
  return await untilAnswered(options, async () => {
    const { rows } = await query(url, 'SHOW server_version');
    return String(rows[0]?.server_version).split(' ')[0] ?? 'of unknown version';
  });
}

/** One statement on a connection of its own. */
export async function query(
  url: string,
  statement: string,
  values: unknown[] = [],
): Promise<QueryResult<Record<string, unknown>>> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A connection that breaks also rejects what waits on it; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return await client.query(statement, values);
  } finally {
    await client.end();
  }
}

async function untilAnswered<T>(options: WaitOptions, ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (refused(error)) {
        throw noAnswer(`${options.what} refuses us: ${messageOf(error)}.`, options, error);
      }
      if (performance.now() + RETRY_MS > deadline) {
        const time = `within ${options.timeoutMs / 1_000} s`;
        throw noAnswer(`${options.what} did not answer ${time}: ${messageOf(error)}.`, options, error);
      }
    }
    await sleep(RETRY_MS);
  }
}

/** Classes 28 and 3D of PostgreSQL: wrong user or password, no such database. Waiting does not help. */
function refused(error: unknown): boolean {
  return /^(28|3D)/.test(codeOf(error) ?? '');
}

function noAnswer(message: string, { advice }: WaitOptions, cause: unknown): InfraError {
  return new InfraError('NO_ANSWER', `${message} ${advice}`, [], { cause });
}
