import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { InfraError } from './infra-error.js';

export type OutputStream = 'stdout' | 'stderr';

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ProgramOptions {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Opens a Node IPC channel to it. Default false. */
  readonly ipc?: boolean;
  /** How many of its last lines are kept. Default 50. */
  readonly keepLines?: number;
  readonly onLine?: (line: string, stream: OutputStream) => void;
  /** What it sends over the IPC channel, other than `ready`. */
  readonly onMessage?: (message: unknown) => void;
}

/** What tells that a program is up: a line of its output, or the IPC message `ready`. */
export type ReadySign = ((line: string) => boolean) | 'message';

/** After a program ended, how long to wait for output that its own children may still hold open. */
const LAST_OUTPUT_MS = 250;
const ERROR_LINES = 50;

/** A child process, its last lines of output, and its end. */
export class Program {
  readonly name: string;
  readonly lines: readonly string[];
  /** Resolves when the process has ended and its output is read; never rejects. */
  readonly exited: Promise<ProgramExit>;

  #child: ChildProcess;
  #lines: string[] = [];
  #spawnError: Error | undefined;
  #onReadyLine: ((line: string) => void) | undefined;

  constructor(private readonly options: ProgramOptions) {
    this.name = options.name;
    this.lines = this.#lines;
    this.#child = spawn(options.command, options.args, {
      env: options.env,
      cwd: options.cwd,
      uid: options.uid,
      gid: options.gid,
      stdio: options.ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    });
    this.#read('stdout');
    this.#read('stderr');
    this.#child.on('message', (message) => {
      if (message !== 'ready') options.onMessage?.(message);
    });
    this.exited = this.#watchEnd();
  }

  /** Undefined when the program could not be spawned at all. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The error of the operating system when it could not be spawned, such as `ENOENT`. */
  get spawnError(): Error | undefined {
    return this.#spawnError;
  }

  /**
   * Resolves when the program shows the sign. Call it in the same turn as the constructor, or the sign may be missed.
   * @throws {InfraError} `START_FAILED` with its last lines, when it ends first or is late; then it is gone.
   */
  async untilReady(sign: ReadySign, timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const outcome = await Promise.race([
      this.#shows(sign),
      this.exited,
      new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, timeoutMs, 'late');
      }),
    ]);
    clearTimeout(timer);
    this.#onReadyLine = undefined;
    if (outcome === 'ready') return;
    if (outcome !== 'late') throw this.failure(`${howItEnded(outcome)} before it was ready`);
    this.kill('SIGKILL');
    await this.exited;
    throw this.failure(`was not ready within ${timeoutMs / 1_000} s`);
  }

  failure(what: string): InfraError {
    if (this.#spawnError) {
      const message = `${this.name} could not be started: ${this.#spawnError.message}.`;
      return new InfraError('START_FAILED', message, [], { cause: this.#spawnError });
    }
    return new InfraError('START_FAILED', `${this.name} ${what}.`, this.#lines.slice(-ERROR_LINES));
  }

  /** Sends it a message over the IPC channel; nothing happens when it has ended. */
  send(message: object): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends the signal, and SIGKILL after the timeout; resolves when the process has ended. */
  async stop(signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    this.kill(signal);
    const timer = setTimeout(() => this.kill('SIGKILL'), timeoutMs);
    await this.exited;
    clearTimeout(timer);
  }

  #read(stream: OutputStream): void {
    const input = this.#child[stream];
    if (!input) return;
    const keep = this.options.keepLines ?? 50;
    createInterface({ input, crlfDelay: Infinity }).on('line', (line) => {
      this.#lines.push(line);
      if (this.#lines.length > keep) this.#lines.shift();
      this.options.onLine?.(line, stream);
      this.#onReadyLine?.(line);
    });
  }

  #watchEnd(): Promise<ProgramExit> {
    return new Promise((resolve) => {
      this.#child.on('error', (error) => {
        if (this.pid !== undefined) return;
        this.#spawnError = error;
        resolve({ code: null, signal: null });
      });
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
      this.#child.once('exit', (code, signal) => {
        setTimeout(resolve, LAST_OUTPUT_MS, { code, signal }).unref(); // output still open keeps us alive
      });
    });
  }

  #shows(sign: ReadySign): Promise<'ready'> {
    return new Promise((resolve) => {
      if (sign === 'message') {
        this.#child.on('message', (message) => {
          if (message === 'ready') resolve('ready');
        });
      } else {
        this.#onReadyLine = (line) => {
          if (sign(line)) resolve('ready');
        };
      }
    });
  }
}

export function howItEnded({ code, signal }: ProgramExit): string {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}
