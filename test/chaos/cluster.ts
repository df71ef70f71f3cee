import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { type Infra, ServiceProcess, startInfra } from '@skald/infra';
import { DataSource } from 'typeorm';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { Replica } from './replica.js';
import { PARTICIPANTS, type Participant } from './work/contracts.js';

export type DatabaseOwner = 'orchestrator' | Participant;

export interface ClusterOptions {
  readonly namespace: string;
  /** Where each process's lines are written, a file each. */
  readonly logFolder: string;
}

const REPLICAS = 2;

/** All that a fault can hit: Kafka, PostgreSQL, and two processes of each service. */
export class Cluster {
  private readonly pausedPids = new Set<number>();

  private constructor(
    readonly namespace: string,
    readonly brokers: readonly string[],
    readonly infra: Infra,
    readonly replicas: readonly Replica[],
    private readonly databases: ReadonlyMap<DatabaseOwner, string>,
    private readonly waker: ServiceProcess,
    private readonly logs: readonly WriteStream[],
  ) {}

  static async start({ namespace, logFolder }: ClusterOptions): Promise<Cluster> {
    // Its own servers, whatever the environment names: they are going to be killed.
    const { KAFKA_BROKERS: _, DATABASE_URL: __, ...env } = process.env;
    const infra = await startInfra({ env, docker: false });
    const brokers = infra.kafka?.brokers;
    if (brokers === undefined) {
      await infra.stop();
      throw new Error(infra.kafkaUnavailable ?? 'chaos needs Kafka');
    }
    mkdirSync(logFolder, { recursive: true });
    const databases = new Map<DatabaseOwner, string>();
    for (const owner of ['orchestrator', ...PARTICIPANTS] as const) {
      databases.set(owner, await infra.createDatabase(`${namespace}_${owner}`));
    }
    const logs: WriteStream[] = [];
    const replicas = (['orchestrator', ...PARTICIPANTS] as const).flatMap((service) =>
      Array.from({ length: REPLICAS }, (_, index) => {
        const name = `${service}-${index + 1}`;
        const log = createWriteStream(join(logFolder, `${name}.log`));
        logs.push(log);
        const isOrchestrator = service === 'orchestrator';
        return new Replica({
          name,
          script: compiledFile(`test/chaos/processes/${isOrchestrator ? service : 'participant'}.ts`),
          args: isOrchestrator ? [] : [service],
          env: {
            KAFKA_BROKERS: brokers.join(','),
            DATABASE_URL: databases.get(service) ?? '',
            SKALD_NAMESPACE: namespace,
            NODE_ENV: 'production',
            NO_COLOR: '1',
            PORT: '0',
          },
          onLine: (line) => log.write(`${new Date().toISOString()} ${line}\n`),
        });
      }),
    );
    const waker = await ServiceProcess.start({
      name: 'waker',
      script: compiledFile('test/chaos/processes/waker.ts'),
    });
    const cluster = new Cluster(namespace, brokers, infra, replicas, databases, waker, logs);
    try {
      await Promise.all(replicas.map((replica) => replica.start()));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Stops a process where it is, its connections open, until the function that comes back is called. */
  pause(replica: Replica): () => void {
    const { pid } = replica;
    replica.isBusy = true;
    this.notePaused(() => this.pausedPids.add(pid));
    replica.signal('SIGSTOP');
    return () => {
      replica.signal('SIGCONT');
      this.notePaused(() => this.pausedPids.delete(pid));
      replica.isBusy = false;
    };
  }

  /** Runs SQL on a connection of its own. */
  async query<Row>(owner: DatabaseOwner, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const url = this.databases.get(owner) ?? '';
    const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
    try {
      return await dataSource.query<Row[]>(sql, [...values]);
    } finally {
      await dataSource.destroy();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.stop()));
    await this.waker.stop();
    await this.infra.stop();
    for (const log of this.logs) log.end();
  }

  private notePaused(change: () => void): void {
    change();
    this.waker.send([...this.pausedPids]);
  }
}
