import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WorkerEvent, WorkerRequest } from './worker.js';

export interface WorkerOptions {
  /**
   * Leads a process group of its own: a Ctrl-C in the terminal hits neither it nor what it has started, and nothing of
   * that lives on when it has ended.
   */
  readonly detached?: boolean;
}

/** A process of our own, in TypeScript. Its standard output goes to our standard error: ours is for the rows. */
export class WorkerHandle<Details> {
  /** Rejects when the process fails or ends without being stopped; never resolves. */
  readonly lost: Promise<never>;
  readonly #child: ChildProcess;
  #ready: Promise<Details>;
  #stopping = false;
  #questions = 0;
  #answers = new Map<number, (seconds: number) => void>();

  constructor(
    readonly name: string,
    script: URL,
    settings: unknown,
    private readonly options: WorkerOptions = {},
  ) {
    const child = fork(fileURLToPath(script), [], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 2, 2, 'ipc'],
      ...options,
    });
    this.#child = child;
    this.lost = new Promise<never>((_, reject) => {
      const fail = (what: string): void => {
        if (!this.#stopping) reject(new Error(`The process "${name}" ${what}`));
      };
      child.once('error', (error) => fail(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) => fail(`ended by itself with ${signal ?? `code ${code}`}.`));
      child.on('message', (event: WorkerEvent) => {
        if (event.kind === 'failed') fail(`failed: ${event.message}`);
      });
    });
    this.lost.catch(() => {}); // whoever waits for something of this process gets it, too
    this.#ready = new Promise((resolve) => {
      child.on('message', (event: WorkerEvent) => {
        if (event.kind === 'ready') resolve(event.details as Details);
        else if (event.kind === 'cpu') this.#answers.get(event.question)?.(event.seconds);
      });
    });
    this.#send({ kind: 'settings', settings });
  }

  ready(): Promise<Details> {
    return Promise.race([this.#ready, this.lost]);
  }

  cpu(): Promise<number> {
    const question = this.#questions++;
    const answer = new Promise<number>((resolve) => this.#answers.set(question, resolve));
    this.#send({ kind: 'cpu', question });
    return Promise.race([answer, this.lost]).finally(() => this.#answers.delete(question));
  }

  /** Closes the channel, upon which the process clears up what it has, and ends. Resolves when it has. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      if (this.#child.connected) this.#child.disconnect();
      await exit;
    }
    this.#killGroup();
  }

  #killGroup(): void {
    if (this.#child.pid === undefined || !this.options.detached) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // ESRCH: the group is empty, as it should be.
    }
  }

  #send(request: WorkerRequest): void {
    // The callback takes the error of a channel that is closed: `lost` says the same.
    if (this.#child.connected) this.#child.send(request, () => {});
  }
}
