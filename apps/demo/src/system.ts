import type { Infra } from '@skald/infra';
import type { Transport } from '@skald/ports';
import { DataSource } from 'typeorm';

export const SERVICES = ['constructor', 'storage', 'engine'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Bricklayer up and running, however its services are run. */
export interface System {
  readonly namespace: string;
  /** The REST interface of the orchestrator; another one after a restart. */
  restUrl(): string;
  /** For a client of the sagas. The caller closes it. */
  clientTransport(name: string): Transport;
  databaseUrl(service: ServiceName | 'orchestrator'): string;
  /** Ends the orchestrator without warning and starts it again after a while. */
  crashOrchestrator(): Promise<void>;
  stop(): Promise<void>;
}

export type DatabaseUrls = Readonly<Record<ServiceName | 'orchestrator', string>>;

/** One database for each service. */
export async function createDatabases(infra: Infra, prefix: string): Promise<DatabaseUrls> {
  const [orchestrator, constructor_, storage, engine] = await Promise.all(
    ['orchestrator', ...SERVICES].map((service) => infra.createDatabase(`${prefix}_${service}`)),
  );
  if (!orchestrator || !constructor_ || !storage || !engine) throw new Error('a database is missing');
  return { orchestrator, constructor: constructor_, storage, engine };
}

/** Runs SQL on a service's database, as someone who looks in from outside. */
export async function query<Row>(url: string, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
  try {
    return await dataSource.query<Row[]>(sql, parameters);
  } finally {
    await dataSource.destroy();
  }
}
