import { startInfra } from '@skald/infra';
import { messageOf } from '@skald/ports';
import { KafkaUsage } from '../measure/kafka-usage.js';
import { PostgresUsage } from '../measure/postgres-usage.js';
import type { Meters } from '../measure/row.js';
import { BenchOptionError } from '../options/flags.js';

/** Something to measure, with servers running and meters at hand. */
export type Benchmark<O> = (meters: Meters, options: O) => Promise<void>;

/** Reads the options, starts Kafka and PostgreSQL as on the bare machine, measures, and ends all of it. */
export async function benchmark<O>(
  args: readonly string[],
  readOptions: (args: readonly string[]) => O,
  measure: Benchmark<O>,
): Promise<void> {
  let options: O;
  try {
    options = readOptions(args);
  } catch (error) {
    if (!(error instanceof BenchOptionError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const infra = await startInfra({ docker: false });
  try {
    if (infra.postgres === undefined || infra.kafka === undefined) {
      throw new Error(infra.kafkaUnavailable ?? 'the benchmark needs Kafka and PostgreSQL');
    }
    const postgres = await PostgresUsage.open(infra.postgres.url);
    const kafka = await KafkaUsage.open(infra.kafka.brokers);
    try {
      await measure({ infra, postgres, kafka }, options);
    } finally {
      await Promise.all([postgres.close(), kafka.close()]);
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : messageOf(error)}\n`);
    process.exitCode = 1;
  } finally {
    await infra.stop();
  }
}
