import { fileURLToPath } from 'node:url';
import { KafkaTransport } from '@skald/kafka';
import { ServiceProcess } from '@skald/infra';
import type { Transport } from '@skald/runtime';
import { Logger } from '@nestjs/common';
import { type DatabaseUrls, type ServiceName, SERVICES, type System } from './system.js';

export interface ProcessSystemOptions {
  readonly namespace: string;
  readonly brokers: readonly string[];
  readonly databases: DatabaseUrls;
  /** Port of the REST interface. Default: a free one. */
  readonly port?: number;
  /** Another script instead of a service's own, for tests that make it crash. */
  readonly scripts?: Partial<Record<ServiceName | 'orchestrator', string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (service: string, line: string) => void;
}

/** Bricklayer as it is meant to be run: every service a process of its own, Kafka between them. */
export class ProcessSystem implements System {
  readonly namespace: string;
  private orchestrator: ServiceProcess | undefined;
  private participants: ServiceProcess[] = [];

  private constructor(private readonly options: ProcessSystemOptions) {
    this.namespace = options.namespace;
  }

  static async start(options: ProcessSystemOptions): Promise<ProcessSystem> {
    const system = new ProcessSystem(options);
    try {
      const started = [
        ...SERVICES.map((service) => system.startParticipant(service)),
        system.startOrchestrator(),
      ];
      await Promise.all(started);
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  restUrl(): string {
    for (const line of this.orchestrator?.lines ?? []) {
      const url = /listening on (\S+)/.exec(line)?.[1];
      if (url !== undefined) return url;
    }
    throw new Error('the orchestrator has not said where it listens');
  }

  clientTransport(name: string): Transport {
    return new KafkaTransport({ brokers: this.options.brokers, clientId: name, log: new Logger(name) });
  }

  databaseUrl(service: ServiceName | 'orchestrator'): string {
    return this.options.databases[service];
  }

  async crashOrchestrator(): Promise<void> {
    this.orchestrator?.kill('SIGKILL');
    await this.orchestrator?.exited;
    await this.startOrchestrator();
  }

  /** Starts the orchestrator, for the first time or after it has ended. */
  async startOrchestrator(script = this.options.scripts?.orchestrator): Promise<ServiceProcess> {
    this.orchestrator = await this.run('orchestrator', script ?? scriptOf('orchestrator'), {
      PORT: String(this.options.port ?? 0),
    });
    return this.orchestrator;
  }

  /** Starts a participant: the first of its kind, a replica, or one that had ended. */
  async startParticipant(
    service: ServiceName,
    script = this.options.scripts?.[service],
  ): Promise<ServiceProcess> {
    const started = await this.run(service, script ?? scriptOf(`bricklayer-${service}`));
    this.participants.push(started);
    return started;
  }

  async stop(): Promise<void> {
    const all = [...this.participants, ...(this.orchestrator ? [this.orchestrator] : [])];
    await Promise.all(all.map((service) => service.stop()));
  }

  private run(
    service: ServiceName | 'orchestrator',
    script: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServiceProcess> {
    const { brokers, databases, namespace, onLine } = this.options;
    return ServiceProcess.start({
      name: service,
      script,
      env: {
        KAFKA_BROKERS: brokers.join(','),
        DATABASE_URL: databases[service],
        SKALD_NAMESPACE: namespace,
        NO_COLOR: '1',
        ...this.options.env,
        ...env,
      },
      readyTimeoutMs: 60_000,
      onLine: (line) => onLine?.(service, line),
    });
  }
}

/** The compiled main file of an app, beside this one in dist. */
function scriptOf(app: string): string {
  return fileURLToPath(new URL(`../../${app}/src/main.js`, import.meta.url));
}
