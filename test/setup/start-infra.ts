import { startInfra } from '@skald/infra';
import { infraOfRun } from './run.js';

/** Runs once before all tests of `test/`: one Kafka and one PostgreSQL for the whole run. */
export default async function start(): Promise<void> {
  const infra = await startInfra();
  infraOfRun.infra = infra;
  if (infra.postgres) {
    process.env['SKALD_TEST_DATABASE_URL'] = infra.postgres.url;
    process.env['SKALD_TEST_POSTGRES'] = infra.postgres.description;
  }
  if (infra.kafka) {
    process.env['SKALD_TEST_KAFKA_BROKERS'] = infra.kafka.brokers.join(',');
    process.env['SKALD_TEST_KAFKA'] = infra.kafka.description;
  } else {
    process.env['SKALD_TEST_KAFKA_UNAVAILABLE'] = infra.kafkaUnavailable ?? 'Kafka is missing.';
  }
}
