import { type Infra, ServiceProcess } from '@skald/infra';
import { compiledFile } from '../apps/demo/src/compiled-file.js';
import type {
  Answer,
  ClosedRun,
  Interval,
  OpenRun,
  ProcessSample,
  ProcessSettings,
  Question,
  RunResult,
} from './processes/protocol.js';
import { PARTICIPANTS } from './work.js';

/** Of a database each. */
const OWNERS = ['orchestrator', ...PARTICIPANTS] as const;

export interface SystemOptions {
  /** In the tables. Default: Skald. */
  readonly name?: string;
  readonly namespace: string;
  readonly orchestrators: number;
  readonly partitions: number;
  readonly paddingBytes: number;
  /** Writes a CPU profile of each process into this folder when it ends. */
  readonly profileFolder?: string | undefined;
}

/** A process of the benchmark that can be asked what it uses, and to run something. */
export class BenchProcess {
  private waiting: ((answer: Answer) => void)[] = [];

  private constructor(
    readonly name: string,
    private readonly service: ServiceProcess,
    /** From the start of the process until it was ready. */
    readonly startedInMs: number,
  ) {}

  /** @param role the file in `processes` that it runs, and which part of it where it has several */
  static async start(
    name: string,
    role: string,
    settings: ProcessSettings,
    { part = '', profileFolder }: { part?: string; profileFolder?: string | undefined } = {},
  ): Promise<BenchProcess> {
    let started: BenchProcess | undefined;
    const from = performance.now();
    const service = await ServiceProcess.start({
      name,
      script: compiledFile(`bench/processes/${role}.ts`),
      args: [JSON.stringify(settings), part],
      nodeArgs: profileFolder
        ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`]
        : [],
      env: { NODE_ENV: 'production' },
      readyTimeoutMs: 60_000,
      onLine: (line) => process.stderr.write(`[${name}] ${line}\n`),
      onMessage: (message) => {
        for (const listener of started?.waiting ?? []) listener(message as Answer);
      },
    });
    started = new BenchProcess(name, service, performance.now() - from);
    return started;
  }

  async sample(): Promise<ProcessSample> {
    return this.ask({ kind: 'sample' }, (answer) => (answer.kind === 'sample' ? answer.sample : undefined));
  }

  /** @throws when a saga ends otherwise than it ought */
  async run(
    run: ClosedRun | OpenRun,
    heard: { progress?: (ended: number) => void; interval?: (interval: Interval) => void } = {},
  ): Promise<RunResult> {
    return this.ask(run, (answer) => {
      if (answer.kind === 'failed') throw new Error(`${this.name}: ${answer.message}`);
      if (answer.kind === 'progress') heard.progress?.(answer.ended);
      if (answer.kind === 'interval') heard.interval?.(answer.interval);
      return answer.kind === 'result' ? answer.result : undefined;
    });
  }

  async stop(): Promise<void> {
    await this.service.stop();
  }

  private async ask<T>(question: Question, read: (answer: Answer) => T | undefined): Promise<T> {
    const answered = new Promise<T>((resolve, reject) => {
      const listener = (answer: Answer): void => {
        try {
          const value = read(answer);
          if (value === undefined) return;
          resolve(value);
        } catch (error) {
          reject(error);
        }
        this.waiting = this.waiting.filter((other) => other !== listener);
      };
      this.waiting.push(listener);
    });
    this.service.send(question);
    const ended = this.service.exited.then(({ code, signal }): never => {
      throw new Error(`${this.name} has ended (${signal ?? code}); its last lines are above`);
    });
    return Promise.race([answered, ended]);
  }
}

/** Processes of the benchmark that do one kind of work together, one of which is told what to run. */
export class BenchSystem {
  private constructor(
    readonly name: string,
    readonly settings: ProcessSettings,
    readonly driver: BenchProcess,
    readonly processes: readonly BenchProcess[],
  ) {}

  /** Skald as it is run in production: orchestrators, participants with their databases, and a caller. */
  static async skald(infra: Infra, options: SystemOptions): Promise<BenchSystem> {
    const settings = await settingsOf(infra, options);
    const { profileFolder } = options;
    const processes: BenchProcess[] = [];
    for (let number = 1; number <= options.orchestrators; number += 1) {
      const name = number === 1 ? 'orchestrator' : `orchestrator ${number}`;
      processes.push(await BenchProcess.start(name, 'orchestrator', settings, { profileFolder }));
    }
    processes.push(await BenchProcess.start('participants', 'participants', settings, { profileFolder }));
    const driver = await BenchProcess.start('driver', 'driver', settings, { profileFolder });
    return new BenchSystem(options.name ?? 'Skald', settings, driver, [...processes, driver]);
  }

  /** The same messages over the same hops, with nothing decided and nothing stored. */
  static async kafkaAlone(infra: Infra, options: SystemOptions): Promise<BenchSystem> {
    const settings = await settingsOf(infra, { ...options, namespace: `${options.namespace}-echo` }, []);
    const { profileFolder } = options;
    const begin = (part: string): Promise<BenchProcess> =>
      BenchProcess.start(`echo-${part}`, 'echo', settings, { part, profileFolder });
    const others = [await begin('orchestrator'), await begin('participants')];
    const driver = await begin('driver');
    return new BenchSystem('Kafka alone', settings, driver, [...others, driver]);
  }

  /** The same rows by the same statements, with nothing decided and no Kafka. */
  static async postgresAlone(infra: Infra, options: SystemOptions): Promise<BenchSystem> {
    const settings = await settingsOf(infra, { ...options, namespace: `${options.namespace}-rows` });
    const driver = await BenchProcess.start('rows', 'rows', settings);
    return new BenchSystem('PostgreSQL alone', settings, driver, [driver]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
  }
}

async function settingsOf(
  infra: Infra,
  { namespace, partitions, paddingBytes }: SystemOptions,
  owners: readonly string[] = OWNERS,
): Promise<ProcessSettings> {
  if (infra.kafka === undefined) throw new Error(infra.kafkaUnavailable ?? 'the benchmark needs Kafka');
  const databases = await databasesOf(infra, namespace, owners);
  return { namespace, brokers: infra.kafka.brokers, partitions, paddingBytes, databases };
}

/** Creates the databases of a namespace unless they are there. */
export async function databasesOf(
  infra: Infra,
  namespace: string,
  owners: readonly string[] = OWNERS,
): Promise<Record<string, string>> {
  const databases: Record<string, string> = {};
  for (const owner of owners) databases[owner] = await infra.createDatabase(`${namespace}_${owner}`);
  return databases;
}
