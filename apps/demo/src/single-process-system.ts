import { startParticipant, type Surroundings } from '@bricklayer/chassis';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import type { Transport } from '@skald/ports';
import type { INestApplication } from '@nestjs/common';
import { ConstructorModule } from '../../bricklayer-constructor/src/constructor.module.js';
import { EngineModule } from '../../bricklayer-engine/src/engine.module.js';
import { StorageModule } from '../../bricklayer-storage/src/storage.module.js';
import { startOrchestrator } from '../../orchestrator/src/start-orchestrator.js';
import type { DatabaseUrls, ServiceName, System } from './system.js';

/** Bricklayer in one process, where there is no Kafka: the same services, messages in memory. */
export class SingleProcessSystem implements System {
  private readonly broker = new MemoryBroker();
  private readonly participants: INestApplication[] = [];
  private orchestrator: { app: INestApplication; transport: MemoryTransport } | undefined;

  private constructor(
    readonly namespace: string,
    private readonly databases: DatabaseUrls,
    private readonly port: number,
  ) {}

  static async start(namespace: string, databases: DatabaseUrls, port = 0): Promise<SingleProcessSystem> {
    const system = new SingleProcessSystem(namespace, databases, port);
    const around = (service: ServiceName): Surroundings => ({
      namespace,
      databaseUrl: databases[service],
      transport: new MemoryTransport({ broker: system.broker }),
    });
    system.participants.push(
      await startParticipant(ConstructorModule.forRoot(around('constructor'))),
      await startParticipant(StorageModule.forRoot(around('storage'))),
      await startParticipant(EngineModule.forRoot(around('engine'))),
    );
    await system.startOrchestrator();
    return system;
  }

  restUrl(): string {
    const address: unknown = this.orchestrator?.app.getHttpServer().address();
    const port = typeof address === 'object' && address !== null && 'port' in address ? address.port : 0;
    return `http://127.0.0.1:${String(port)}`;
  }

  clientTransport(): Transport {
    return new MemoryTransport({ broker: this.broker });
  }

  databaseUrl(service: ServiceName | 'orchestrator'): string {
    return this.databases[service];
  }

  /** A process cannot be killed in part: the orchestrator is cut off from its messages, so it confirms nothing more. */
  async crashOrchestrator(): Promise<void> {
    this.orchestrator?.transport.abandon();
    await this.orchestrator?.app.close();
    await this.startOrchestrator();
  }

  async stop(): Promise<void> {
    await this.orchestrator?.app.close();
    await Promise.all(this.participants.map((app) => app.close()));
  }

  private async startOrchestrator(): Promise<void> {
    const transport = new MemoryTransport({ broker: this.broker });
    const { namespace, databases, port } = this;
    const surroundings = { namespace, databaseUrl: databases.orchestrator, transport };
    this.orchestrator = { transport, app: await startOrchestrator(surroundings, { port }) };
  }
}
