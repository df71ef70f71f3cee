import { KafkaSagaClient } from '@skald/client';
import type { Transport } from '@skald/ports';
import { DataSource } from 'typeorm';
import { ProcessSystem, type ProcessSystemOptions } from '../../apps/demo/src/process-system.js';
import { query, SERVICES } from '../../apps/demo/src/system.js';
import { testDatabaseUrl, testKafkaBrokers, uniqueName } from './real-services.js';

/** Bricklayer as real processes on the run's Kafka and PostgreSQL, in a namespace and databases of its own. */
export class TestSystem {
  private constructor(
    readonly processes: ProcessSystem,
    readonly sagas: KafkaSagaClient,
    readonly transport: Transport,
    private readonly serverUrl: string,
    private readonly databases: readonly string[],
  ) {}

  static async start(overrides: Partial<ProcessSystemOptions>, services: Services): Promise<TestSystem> {
    const namespace = uniqueName('test');
    const urls = await createDatabases(services.databaseUrl, namespace);
    const processes = await ProcessSystem.start({
      namespace,
      brokers: services.brokers,
      databases: urls,
      ...overrides,
    });
    const transport = processes.clientTransport('test');
    const sagas = new KafkaSagaClient({ namespace, transport, name: 'test' });
    await sagas.connect();
    return new TestSystem(processes, sagas, transport, services.databaseUrl, Object.values(urls));
  }

  get namespace(): string {
    return this.processes.namespace;
  }

  /** The REST resource of a saga, or of all. */
  url(id?: string): string {
    const all = `${this.processes.restUrl()}/api/v1/namespaces/${this.namespace}/sagas`;
    return id === undefined ? all : `${all}/${encodeURIComponent(id)}`;
  }

  /** Runs SQL on a service's database. */
  query<Row>(service: (typeof SERVICES)[number] | 'orchestrator', sql: string): Promise<Row[]> {
    return query<Row>(this.processes.databaseUrl(service), sql);
  }

  /** How often each command has taken effect, read from the participants' own tables. */
  async effects(): Promise<{ bots: number; tokens: number; jobs: number; schedules: number }> {
    const count = async (service: (typeof SERVICES)[number], table: string): Promise<number> => {
      const [row] = await this.query<{ count: number }>(service, `SELECT count(*)::int FROM ${table}`);
      return row?.count ?? -1;
    };
    return {
      bots: await count('constructor', 'bot'),
      tokens: await count('storage', 'bot_token'),
      jobs: await count('storage', 'job'),
      schedules: await count('engine', 'schedule'),
    };
  }

  async stop(): Promise<void> {
    await this.sagas.close();
    await this.transport.close();
    await this.processes.stop();
    const server = await new DataSource({ type: 'postgres', url: this.serverUrl }).initialize();
    for (const url of this.databases) {
      await server.query(`DROP DATABASE "${new URL(url).pathname.slice(1)}" WITH (FORCE)`);
    }
    await server.destroy();
  }
}

/** Where a system finds its Kafka and its PostgreSQL. */
export interface Services {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
}

/**
 * @param services default: those of the whole test run
 * @returns a running system; every test file that calls this runs on real Kafka and real PostgreSQL
 */
export function startSystem(
  overrides: Partial<ProcessSystemOptions> = {},
  services: Services = { brokers: testKafkaBrokers(), databaseUrl: testDatabaseUrl() },
): Promise<TestSystem> {
  return TestSystem.start(overrides, services);
}

async function createDatabases(
  serverUrl: string,
  namespace: string,
): Promise<ProcessSystemOptions['databases']> {
  const server = await new DataSource({ type: 'postgres', url: serverUrl }).initialize();
  const create = async (service: string): Promise<string> => {
    const name = `${namespace}-${service}`;
    await server.query(`CREATE DATABASE "${name}"`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return url.href;
  };
  const databases = {
    orchestrator: await create('orchestrator'),
    constructor: await create('constructor'),
    storage: await create('storage'),
    engine: await create('engine'),
  };
  await server.destroy();
  return databases;
}

let count = 0;

/** An id and an input that no other saga of the run has. */
export function newBot(cron = '30 9 * * 1-5'): {
  id: string;
  input: {
    ownerId: string;
    botName: string;
    job: { channel: string; title: string; text: string; cron: string };
  };
} {
  count += 1;
  return {
    id: `bot-${count}`,
    input: {
      ownerId: 'ada',
      botName: `bot ${count}`,
      job: { channel: 'town-square', title: 'Stand-up', text: 'Time to meet!', cron },
    },
  };
}
