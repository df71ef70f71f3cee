import type { HistoryEntry, SagaInstance } from '@skald/core';
import type { MemoryStore } from '@skald/memory';
import {
  type Changes,
  ConcurrentChangeError,
  type InstanceKey,
  type Processes,
  type Store,
  type StoreTurn,
  StoreUnavailableError,
} from '@skald/ports';

/** What one process's transactions meet. */
export interface StoreMishaps {
  /** Throws when the process is dead or the database away: there is no connection. */
  readonly checkConnected: () => void;
  readonly losesRace: (changes: Changes) => boolean;
  readonly losesCommit: (changes: Changes) => boolean;
  /** What a transaction waits for after it has read or written something, if it takes its time. */
  readonly pause: (after: string) => Promise<void> | undefined;
  /** By how much the process is wrong about the database's clock, in milliseconds. */
  readonly timeErrorMs: number;
}

type Decorate = (store: Store) => Store;

/** What is stored of one saga, from its start to its removal. */
export interface Life {
  readonly instance: SagaInstance;
  readonly history: readonly HistoryEntry[];
}

/** The database of all processes, watched: what is committed, and what is still owed. */
export class ObservedStore {
  readonly instances = new Map<string, SagaInstance>();
  readonly history = new Map<string, HistoryEntry[]>();
  /** Those whose instances were removed, oldest first. */
  readonly removed: Life[] = [];
  /** Rows of the outbox that nobody has cleared. */
  readonly owedRows = new Set<string>();
  /** Transactions that have begun and not ended. */
  underway = 0;

  constructor(
    private readonly store: MemoryStore,
    private readonly onCommitted: (changes: Changes) => void,
  ) {}

  /** The store as one process sees it. */
  forProcess(mishaps: StoreMishaps, decorate: Decorate = (store) => store): Store {
    const { store } = this;
    const ask = async <T>(what: () => Promise<T>): Promise<T> => {
      mishaps.checkConnected();
      return await what();
    };
    return decorate({
      transact: (work) => this.transact(mishaps, work),
      find: (keys) => ask(() => store.find(keys)),
      history: (key, after, limit) => ask(() => store.history(key, after, limit)),
      nextWakeup: (namespace, own) => ask(() => store.nextWakeup(namespace, own)),
      pinned: (namespace) => ask(() => store.pinned(namespace)),
      processes: withConnection(store.processes, ask),
      removed: (key) => ask(() => store.removed(key)),
      now: () => {
        const now = store.now();
        return now === undefined ? undefined : now + mishaps.timeErrorMs;
      },
    });
  }

  /** All sagas that are there, or were before they were removed. */
  lives(): Life[] {
    const present = [...this.instances.values()].map((instance) => this.lifeOf(instance));
    return [...this.removed, ...present];
  }

  private lifeOf(instance: SagaInstance): Life {
    return { instance, history: this.history.get(instance.id) ?? [] };
  }

  /** Messages that one process keeps for another. */
  get kept(): number {
    return this.store.processes.size;
  }

  private async transact<T>(mishaps: StoreMishaps, work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    mishaps.checkConnected();
    this.underway += 1;
    try {
      return await this.run(mishaps, work);
    } finally {
      this.underway -= 1;
    }
  }

  private async run<T>(mishaps: StoreMishaps, work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    const saved: { changes: Changes; row: string | undefined }[] = [];
    const result = await this.store.transact(async (turn) => {
      const watched: StoreTurn = {
        lock: async (keys: readonly InstanceKey[]) => slowly(await turn.lock(keys), mishaps, idOf),
        find: async (keys: readonly InstanceKey[]) => slowly(await turn.find(keys), mishaps, idOf),
        dropTraces: (namespace, before, limit) => turn.dropTraces(namespace, before, limit),
        lockDue: async (...what) => slowly(await turn.lockDue(...what), mishaps, idOf),
        lockPinned: async (...what) => slowly(await turn.lockPinned(...what), mishaps, idOf),
        lockEnded: async (...what) => slowly(await turn.lockEnded(...what), mishaps, idOf),
        owing: (namespace, places, except) => turn.owing(namespace, places, except),
        lockOwed: async (...what) => slowly(await turn.lockOwed(...what), mishaps, ({ ids }) => ids.join()),
        save: async (namespace, changes, now) => {
          if (mishaps.losesRace(changes)) throw new ConcurrentChangeError('another worker was faster');
          const row = await turn.save(namespace, changes, now);
          saved.push({ changes, row });
          await pauseAfter(`writing ${nameOfChanges(changes)}`, mishaps);
          return row;
        },
      };
      return await work(watched);
    });
    for (const { changes, row } of saved) this.note(changes, row);
    if (saved.some(({ changes }) => mishaps.losesCommit(changes))) {
      throw new StoreUnavailableError('the connection was lost while committing');
    }
    return result;
  }

  private note(changes: Changes, row: string | undefined): void {
    for (const instance of [...changes.created, ...changes.updated.map((update) => update.instance)]) {
      this.instances.set(instance.id, instance);
    }
    for (const { key, entry } of changes.history) {
      const entries = this.history.get(key.id);
      if (entries === undefined) this.history.set(key.id, [entry]);
      else entries.push(entry);
    }
    if (row !== undefined) this.owedRows.add(row);
    for (const settled of changes.settled) this.owedRows.delete(settled);
    for (const { id } of changes.removed ?? []) {
      const instance = this.instances.get(id);
      if (instance !== undefined) this.removed.push(this.lifeOf(instance));
      this.instances.delete(id);
      this.history.delete(id);
    }
    this.onCommitted(changes);
  }
}

/** What a transaction has read, and goes on with after a while if it takes its time. */
async function slowly<T>(found: T[], mishaps: StoreMishaps, nameOf: (one: T) => string): Promise<T[]> {
  if (found.length > 0) await pauseAfter(`reading ${found.map(nameOf).join(' ')}`, mishaps);
  return found;
}

async function pauseAfter(what: string, { pause, checkConnected }: StoreMishaps): Promise<void> {
  const pausing = pause(what);
  if (pausing === undefined) return;
  await pausing;
  checkConnected();
}

function idOf({ id, revision }: SagaInstance): string {
  return `${id}#${revision}`;
}

type Ask = <T>(what: () => Promise<T>) => Promise<T>;

function withConnection(processes: Processes, ask: Ask): Processes {
  return {
    beat: (namespace, own, isPatient) => ask(() => processes.beat(namespace, own, isPatient)),
    leave: (id) => ask(() => processes.leave(id)),
    take: (namespace, definitions, limit) => ask(() => processes.take(namespace, definitions, limit)),
    countKept: (namespace) => ask(() => processes.countKept(namespace)),
    done: (rows) => ask(() => processes.done(rows)),
    keptStarts: (namespace, sagaIds) => ask(() => processes.keptStarts(namespace, sagaIds)),
    ask: (namespace, definition, request) => ask(() => processes.ask(namespace, definition, request)),
    answer: (row, answer) => ask(() => processes.answer(row, answer)),
    asked: (row) => ask(() => processes.asked(row)),
    withdraw: (row) => ask(() => processes.withdraw(row)),
  };
}

/** Names what a transaction changes, alike in every run that comes past it. */
export function nameOfChanges({ created, updated, owed, settled }: Changes): string {
  const instances = [...created, ...updated.map((update) => update.instance)];
  if (instances.length > 0) return instances.map(({ id, revision }) => `${id}#${revision}`).join(' ');
  return `outbox -${settled.length} +${owed.length}`;
}
