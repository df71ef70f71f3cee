import { InfraError } from './infra-error.js';
import { Program, type OutputStream, type ProgramExit } from './program.js';

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const KEPT_LINES = 500;

export interface ServiceProcessOptions {
  /** For messages. */
  readonly name: string;
  /** The compiled script: `node <script> <args…>`. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Options of Node itself, such as `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
  /** Laid over the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the folder of this process. */
  readonly cwd?: string;
  /** The line that tells it is up. Default: the child sends the IPC message `ready`. */
  readonly ready?: RegExp | ((line: string) => boolean);
  /** Default 30 000. */
  readonly readyTimeoutMs?: number;
  readonly onLine?: (line: string, stream: OutputStream) => void;
  /** What it sends over its IPC channel (`process.send`), other than `ready`. */
  readonly onMessage?: (message: unknown) => void;
}

/**
 * A service of ours run as a child process: its log lines captured, told ready, stopped or killed by id.
 * The service should end on `disconnect` of its IPC channel, so that it does not outlive a parent that was killed.
 */
export class ServiceProcess {
  readonly name: string;

  private constructor(
    private readonly program: Program,
    readonly pid: number,
  ) {
    this.name = program.name;
  }

  /**
   * Resolves when the service is ready.
   * @throws {InfraError} `START_FAILED`, with the last lines of its output in the message and in `output`, when it
   *   cannot be spawned, ends before it is ready, or is late; then no process is left.
   */
  static async start(options: ServiceProcessOptions): Promise<ServiceProcess> {
    const { ready } = options;
    const program = new Program({
      name: options.name,
      command: process.execPath,
      args: [...(options.nodeArgs ?? []), options.script, ...(options.args ?? [])],
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
      ipc: true,
      keepLines: KEPT_LINES,
      onLine: options.onLine,
      onMessage: options.onMessage,
    });
    await program.untilReady(
      ready instanceof RegExp ? (line) => line.search(ready) >= 0 : (ready ?? 'message'),
      options.readyTimeoutMs ?? READY_TIMEOUT_MS,
    );
    if (program.pid === undefined) throw new InfraError('START_FAILED', `${options.name} has no process id.`);
    return new ServiceProcess(program, program.pid);
  }

  /** The last 500 lines of its stdout and stderr, in the order they came. */
  get lines(): readonly string[] {
    return this.program.lines;
  }

  /** Resolves when it has ended, for whatever reason; never rejects. */
  get exited(): Promise<ProgramExit> {
    return this.program.exited;
  }

  /** Sends it a message over its IPC channel; nothing happens when it has ended. */
  send(message: object): void {
    this.program.send(message);
  }

  /** Sends it a signal, such as SIGKILL; nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void {
    this.program.kill(signal);
  }

  /** Sends SIGTERM, and SIGKILL after the timeout (default 10 000 ms). Resolves when it has ended. */
  async stop(timeoutMs: number = STOP_TIMEOUT_MS): Promise<void> {
    await this.program.stop('SIGTERM', timeoutMs);
  }
}
