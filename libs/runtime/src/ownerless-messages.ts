import type { KeptCount, Log, Store } from '@skald/ports';
import type { LiveDefinitions } from './live-definitions.js';

const CHECK_MS = 60_000;
const DAY_MS = 86_400_000;
/** In a deploy a message may be there some seconds before the process that it is for. */
const PATIENCE_MS = 30_000;

export interface OwnerlessOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly live: LiveDefinitions;
  readonly log: Log;
}

/**
 * Messages that are kept for definitions which no live process knows: they wait for one that may never come. They are warned
 * of when they are first seen, when there are more or fewer of them, and once a day.
 */
export class OwnerlessMessages {
  /** By definition, as it was warned of last. */
  private told = new Map<string, KeptCount>();
  private lines: readonly string[] = [];

  constructor(private readonly options: OwnerlessOptions) {}

  /** As they are now, by definition. */
  async list(): Promise<KeptCount[]> {
    const { namespace, store, live } = this.options;
    const kept = await store.processes.countKept(namespace);
    return kept.filter(({ definition }) => !live.isKnown(definition));
  }

  /** A sentence for each definition, as it was when they were last looked at. */
  warnings(): readonly string[] {
    return this.lines;
  }

  /** Looks at them, and says what is new. Returns how many milliseconds later to look again. */
  async warn(): Promise<number> {
    const waiting = (await this.list()).filter(({ oldestMs }) => oldestMs >= PATIENCE_MS);
    const told = new Map<string, KeptCount>();
    for (const one of waiting) {
      const before = this.told.get(one.definition);
      const isSaid = before?.count === one.count && one.oldestMs - before.oldestMs < DAY_MS;
      told.set(one.definition, isSaid ? before : one);
      if (!isSaid) this.options.log.warn(sentence(one));
    }
    this.told = told;
    this.lines = waiting.map(sentence);
    return CHECK_MS;
  }
}

function sentence({ definition, count, oldestMs }: KeptCount): string {
  return (
    `${count} message(s) wait for a process that knows '${definition}', the oldest for ${duration(oldestMs)}; ` +
    'none that lives does: start one that has it'
  );
}

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
