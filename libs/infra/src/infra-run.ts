import { untilKafkaAnswers, untilPostgresAnswers, type WaitOptions } from './answers.js';
import { firstFound, type Choice } from './choice.js';
import { createDatabase, dropDatabase } from './databases.js';
import { findDocker, type Container, type Docker } from './docker.js';
import type {
  FoundKafka,
  FoundPostgres,
  Infra,
  InfraOptions,
  InfraProcess,
  InfraSecurity,
  SecuredBrokers,
} from './infra.js';
import { InfraError, messageOf } from './infra-error.js';
import { KeeperHandle } from './keeper-handle.js';
import type { Service } from './keeper-protocol.js';
import type { Progress } from './progress.js';

const RESUME_TIMEOUT_MS = 60_000;

/** One call of `startInfra`: what it has found, and what it has started and so must stop. */
export class InfraRun implements Infra {
  kafka?: FoundKafka;
  postgres?: FoundPostgres;
  kafkaUnavailable?: string;
  securedBrokers?: SecuredBrokers;

  #docker: Promise<Docker | undefined> | undefined;
  #containers = new Map<Service, Promise<Container>>();
  #keeperStart: Promise<KeeperHandle> | undefined;
  #keeper: KeeperHandle | undefined;
  #stopping: Promise<void> | undefined;

  // Not enumerable, as TypeScript's private would be: a log of this object shall not show the environment.
  readonly #env: NodeJS.ProcessEnv;
  readonly #useDocker: boolean;
  readonly #security: InfraSecurity | undefined;
  readonly #progress: Progress;

  constructor(
    { env = process.env, docker = true, security }: Pick<InfraOptions, 'env' | 'docker' | 'security'>,
    progress: Progress,
  ) {
    this.#env = env;
    this.#useDocker = docker && security === undefined;
    this.#security = security;
    this.#progress = progress;
  }

  get processes(): readonly InfraProcess[] {
    return this.#keeper?.processes ?? [];
  }

  /** Takes what the environment has given, or else a container, or else a local process. */
  choose(service: Service, given: string | undefined): Promise<Choice> {
    return firstFound([
      {
        origin: 'environment',
        find: async () =>
          given === undefined ? { missing: 'the environment names none' } : { found: given },
      },
      { origin: 'docker', find: () => this.#inDocker(service) },
      { origin: 'local', find: () => this.#local(service) },
    ]);
  }

  async createDatabase(name: string): Promise<string> {
    return await createDatabase(this.#serverUrl(), name);
  }

  async dropDatabase(name: string): Promise<void> {
    await dropDatabase(this.#serverUrl(), name);
  }

  async pause(service: Service): Promise<void> {
    const server = await this.#ownServer(service);
    await server.pause();
  }

  async resume(service: Service): Promise<void> {
    const server = await this.#ownServer(service);
    await server.resume();
    if (service === 'kafka' && this.kafka) {
      await untilKafkaAnswers(this.kafka.brokers, resumed('Kafka'));
    } else if (this.postgres) {
      await untilPostgresAnswers(this.postgres.url, resumed('PostgreSQL'));
    }
  }

  /** What runs in the background shall not keep this process alive. */
  unref(): void {
    this.#keeper?.unref();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #inDocker(service: Service): Promise<{ found: string } | { missing: string }> {
    if (!this.#useDocker) return { missing: 'Docker is not wanted' };
    const docker = await (this.#docker ??= findDocker());
    this.#refuseWhenStopping();
    if (!docker) return { missing: 'no Docker daemon answers' };
    const start = service === 'kafka' ? docker.startKafka() : docker.startPostgres();
    this.#containers.set(service, start);
    try {
      return { found: (await start).address };
    } catch (error) {
      const missing = `Docker could not start ${service}: ${messageOf(error)}`;
      this.#progress.say(`${missing}; trying without it`);
      return { missing };
    }
  }

  async #local(service: Service): Promise<{ found: string } | { missing: string }> {
    this.#refuseWhenStopping();
    this.#keeper = await (this.#keeperStart ??= KeeperHandle.start(this.#env, this.#progress));
    const outcome = await this.#keeper.start(service, this.#security);
    if ('missing' in outcome) return outcome;
    if (outcome.found.secured) this.securedBrokers = outcome.found.secured;
    return { found: outcome.found.address };
  }

  #refuseWhenStopping(): void {
    if (this.#stopping) throw new InfraError('NOT_STARTED', 'It was stopped before it had started.');
  }

  async #ownServer(service: Service): Promise<{ pause(): Promise<void>; resume(): Promise<void> }> {
    const origin = this[service]?.origin;
    const keeper = this.#keeper;
    const container = await this.#containers.get(service);
    if (!this.#stopping) {
      if (origin === 'docker' && container) return container;
      if (origin === 'local' && keeper) {
        return { pause: () => keeper.pause(service), resume: () => keeper.resume(service) };
      }
    }
    const why =
      origin === 'environment' ? 'is named by the environment, and not ours to stop' : 'does not run';
    throw new InfraError('NOT_SUPPORTED', `${service} ${why}: only what startInfra started can be paused.`);
  }

  #serverUrl(): string {
    if (this.postgres && !this.#stopping) return this.postgres.url;
    const why = this.#stopping ? 'is stopped' : 'was not asked for: call startInfra with postgres: true';
    throw new InfraError('NOT_STARTED', `PostgreSQL ${why}.`);
  }

  async #stop(): Promise<void> {
    const keeper = await this.#keeperStart?.catch(() => undefined);
    const containers = await Promise.allSettled(this.#containers.values());
    await Promise.all([
      keeper?.stop(),
      ...containers.map((container) =>
        container.status === 'fulfilled' ? container.value.stop() : undefined,
      ),
    ]);
  }
}

function resumed(what: string): WaitOptions {
  return {
    timeoutMs: RESUME_TIMEOUT_MS,
    what: `${what}, which was paused and started again,`,
    advice: 'Look at its output for the reason.',
  };
}
