import { InfraError } from './infra-error.js';
import { howItEnded, Program, type ProgramOptions, type ReadySign } from './program.js';

/** How long a program has to end by itself before it is killed. */
const END_MS = 1_500;

export interface GroupProgramOptions extends ProgramOptions {
  /** How to end it; its data is thrown away, so the quickest way that leaves nothing behind. Default SIGKILL. */
  readonly endSignal?: NodeJS.Signals;
}

/** All programs of one keeper: what starts here ends when the group closes, wherever in its start it is. */
export class ProgramGroup {
  #running = new Map<Program, NodeJS.Signals>();
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts a program that stays; resolves when it shows the sign. */
  async start(options: GroupProgramOptions, sign: ReadySign, timeoutMs: number): Promise<Program> {
    const program = this.#spawn(options);
    await program.untilReady(sign, timeoutMs);
    return program;
  }

  /**
   * Runs a program to its end.
   * @throws {InfraError} `START_FAILED` with its last lines unless it ends with code 0.
   */
  async run(options: GroupProgramOptions): Promise<Program> {
    const program = this.#spawn(options);
    const exit = await program.exited;
    if (program.spawnError || exit.code !== 0) throw program.failure(howItEnded(exit));
    return program;
  }

  /** Ends one program in the way it was started with. */
  async end(program: Program): Promise<void> {
    const signal = this.#running.get(program);
    if (signal !== undefined) await program.stop(signal, END_MS);
  }

  /** Ends every program; from now on none can start. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running].map(([program, signal]) => program.stop(signal, END_MS)));
  }

  #spawn(options: GroupProgramOptions): Program {
    if (this.#closed)
      throw new InfraError('NOT_STARTED', `${options.name} was not started: we are stopping.`);
    const program = new Program(options);
    this.#running.set(program, options.endSignal ?? 'SIGKILL');
    void program.exited.then(() => this.#running.delete(program));
    return program;
  }
}
