import { KafkaTransport } from '@skald/kafka';
import { ServiceProcess } from '@skald/infra';
import type { Transport } from '@skald/ports';
import { Logger } from '@nestjs/common';
import { compiledFile } from './compiled-file.js';
import { type DatabaseUrls, type ServiceName, SERVICES, type System } from './system.js';

export interface ProcessSystemOptions {
  readonly namespace: string;
  readonly brokers: readonly string[];
  readonly databases: DatabaseUrls;
  /** Port of the REST interface. Default: a free one. */
  readonly port?: number;
  /** Another script instead of the service's own, for tests that make it crash. */
  readonly replaced?: { readonly service: ServiceName | 'orchestrator'; readonly script: string };
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (service: string, line: string) => void;
}

/** Bricklayer as it is meant to be run: every service a process of its own, Kafka between them. */
export class ProcessSystem implements System {
  readonly namespace: string;
  /** The one started last; `started` has all. */
  private orchestrator: ServiceProcess | undefined;
  private readonly started: ServiceProcess[] = [];

  private constructor(private readonly options: ProcessSystemOptions) {
    this.namespace = options.namespace;
  }

  static async start(options: ProcessSystemOptions): Promise<ProcessSystem> {
    const system = new ProcessSystem(options);
    const started = await Promise.allSettled([
      ...SERVICES.map((service) => system.startParticipant(service, system.scriptOf(service))),
      system.startOrchestrator(system.scriptOf('orchestrator')),
    ]);
    const failed = started.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') {
      await system.stop();
      throw failed.reason;
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

  /** All processes that were started, also those that have ended. */
  services(): readonly ServiceProcess[] {
    return this.started;
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

  /** Starts an orchestrator: the first, a replica, or one that had ended. */
  async startOrchestrator(script = scriptOf('orchestrator')): Promise<ServiceProcess> {
    this.orchestrator = await this.run('orchestrator', script, {
      PORT: String(this.options.port ?? 0),
    });
    return this.orchestrator;
  }

  /** Starts a participant: the first of its kind, a replica, or one that had ended. */
  async startParticipant(service: ServiceName, script = scriptOf(service)): Promise<ServiceProcess> {
    return this.run(service, script);
  }

  /** Resolves when the orchestrator's process has ended. */
  async orchestratorExit(): Promise<{ readonly signal: string | null }> {
    if (this.orchestrator === undefined) throw new Error('the orchestrator was never started');
    return this.orchestrator.exited;
  }

  /** Resolves when the participant's process, the one started last, has ended. */
  async participantExit(service: ServiceName): Promise<{ readonly signal: string | null }> {
    const process = this.started.findLast(({ name }) => name === service);
    if (process === undefined) throw new Error(`${service} was never started`);
    return process.exited;
  }

  async stop(): Promise<void> {
    await Promise.all(this.services().map((service) => service.stop()));
  }

  private scriptOf(service: ServiceName | 'orchestrator'): string {
    const { replaced } = this.options;
    return replaced?.service === service ? replaced.script : scriptOf(service);
  }

  private async run(
    service: ServiceName | 'orchestrator',
    script: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServiceProcess> {
    const { brokers, databases, namespace, onLine } = this.options;
    const started = await ServiceProcess.start({
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
    this.started.push(started);
    return started;
  }
}

/** The compiled main file of a service's app. */
function scriptOf(service: ServiceName | 'orchestrator'): string {
  const app = service === 'orchestrator' ? service : `bricklayer-${service}`;
  return compiledFile(`apps/${app}/src/main.ts`);
}
