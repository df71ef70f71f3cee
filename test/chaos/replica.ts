import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceProcess } from '@skald/infra';

/** As long as a supervisor lets a service wait for servers that are away. */
const READY_WITHIN_MS = 180_000;
const RESTART_AFTER_MS = 500;

export interface ReplicaOptions {
  readonly name: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}

/** One process of a service, which is started again whenever it ends, as a supervisor does. */
export class Replica {
  /** When each start began, on the clock of `performance`, and how long it took until it was ready. Milliseconds. */
  readonly boots: { readonly at: number; readonly milliseconds: number }[] = [];
  /** How often it has ended though nobody killed it. */
  endedByItself = 0;
  /** A fault has it in hand, or it is not up. */
  isBusy = true;
  private process: ServiceProcess | undefined;
  private isKilled = false;
  private isOver = false;
  private life: Promise<void> = Promise.resolve();

  constructor(private readonly options: ReplicaOptions) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number {
    if (this.process === undefined) throw new Error(`${this.name} does not run`);
    return this.process.pid;
  }

  /** Resolves when it is ready for the first time. */
  async start(): Promise<void> {
    await this.boot();
    this.life = this.live();
  }

  /** Kills it; resolves when it is started anew, which is before it is ready. */
  async kill(): Promise<void> {
    this.isBusy = true;
    this.isKilled = true;
    const { process } = this;
    process?.kill('SIGKILL');
    await process?.exited;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.process?.kill(signal);
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.process?.stop();
    await this.life;
  }

  private async live(): Promise<void> {
    while (!this.isOver) {
      await this.process?.exited;
      if (this.isOver) return;
      this.isBusy = true;
      if (!this.isKilled) {
        this.endedByItself += 1;
        await sleep(RESTART_AFTER_MS);
      }
      this.isKilled = false;
      try {
        await this.boot();
      } catch (error) {
        this.process = undefined;
        this.endedByItself += 1;
        this.options.onLine(error instanceof Error ? error.message : String(error));
        await sleep(RESTART_AFTER_MS);
      }
    }
  }

  private async boot(): Promise<void> {
    const { name, script, args = [], env, onLine } = this.options;
    const at = performance.now();
    this.process = await ServiceProcess.start({
      name,
      script,
      args,
      env,
      readyTimeoutMs: READY_WITHIN_MS,
      onLine,
    });
    this.boots.push({ at, milliseconds: performance.now() - at });
    this.isBusy = false;
    if (this.isOver) await this.process.stop();
  }
}
