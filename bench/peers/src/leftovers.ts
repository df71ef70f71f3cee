import { setTimeout as sleep } from 'node:timers/promises';
import { PeerError } from './peer-error.js';
import { WorkerHandle, type WorkerOptions } from './worker-handle.js';

const PARENT_CHECK_MS = 500;
const LONGEST_CLEARING_MS = 10_000;

/**
 * What a program must not leave behind. Its worker processes end when it does, for their channel to it closes; what
 * cannot notice that, such as a server, a folder or a database, is the matter of a keeper, which is a worker too, and
 * clears up when its channel closes.
 */
export class Leftovers {
  /** Rejects when the program is to end early, or cannot go on. */
  readonly interrupted: Promise<never>;
  #interrupt!: (error: Error) => void;
  #clearers: (() => Promise<void>)[] = [];

  constructor() {
    this.interrupted = new Promise<never>((_, reject) => (this.#interrupt = reject));
    this.interrupted.catch(() => {});
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => this.#interrupt(new PeerError(`Ended by ${signal}.`)));
    }
    process.on('uncaughtException', (error) => this.#interrupt(error));
    process.stdout.on('error', () => this.#interrupt(new PeerError('Nobody reads the rows any more.')));
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent)
        this.#interrupt(new PeerError('Ended: the process that started it is gone.'));
    }, PARENT_CHECK_MS).unref();
  }

  /** Has something done when the program ends, however it ends but by SIGKILL. */
  add(clearer: () => Promise<void>): void {
    this.#clearers.push(clearer);
  }

  /** Starts a worker and returns it when it is ready. */
  async worker<Details>(
    name: string,
    script: URL,
    settings: unknown,
    options?: WorkerOptions,
  ): Promise<{ readonly details: Details; readonly cpu: () => Promise<number> }> {
    const handle = new WorkerHandle<Details>(name, script, settings, options);
    this.add(() => handle.stop());
    handle.lost.catch(this.#interrupt);
    return { details: await handle.ready(), cpu: () => handle.cpu() };
  }

  /** The youngest first: those that use something before that which they use. */
  async clear(): Promise<void> {
    for (const clear of this.#clearers.toReversed()) {
      await Promise.race([clear(), sleep(LONGEST_CLEARING_MS, undefined, { ref: false })]);
    }
  }
}
