import { type Infra, startInfra } from '@skald/infra';
import type { Services } from '../setup/bricklayer.js';

/** Kafka and PostgreSQL for one test file, which may take them away. */
export interface OwnInfra extends Services {
  readonly infra: Infra;
}

export async function startOwnInfra(): Promise<OwnInfra> {
  const { KAFKA_BROKERS: _, DATABASE_URL: __, ...env } = process.env;
  const infra = await startInfra({ env, onProgress: () => undefined });
  const { kafka, postgres, kafkaUnavailable } = infra;
  if (!kafka || !postgres) {
    await infra.stop();
    throw new Error(kafkaUnavailable ?? 'PostgreSQL is missing');
  }
  return { infra, brokers: kafka.brokers, databaseUrl: postgres.url };
}
