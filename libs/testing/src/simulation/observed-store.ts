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
} from '@skald/runtime';

/** What one process's transactions meet. */
export interface StoreMishaps {
  /** Throws when the process is dead or the database away: there is no connection. */
  readonly checkConnected: () => void;
  readonly losesRace: (changes: Changes) => boolean;
  readonly losesCommit: (changes: Changes) => boolean;
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

  private async transact<T>(mishaps: StoreMishaps, work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    mishaps.checkConnected();
    const saved: { changes: Changes; row: string | undefined }[] = [];
    const result = await this.store.transact(async (turn) => {
      const watched: StoreTurn = {
        lock: (keys: readonly InstanceKey[]) => turn.lock(keys),
        find: (keys: readonly InstanceKey[]) => turn.find(keys),
        dropTraces: (namespace, before, limit) => turn.dropTraces(namespace, before, limit),
        lockDue: (namespace, own, now, limit) => turn.lockDue(namespace, own, now, limit),
        lockPinned: (namespace, definition, hash, limit) =>
          turn.lockPinned(namespace, definition, hash, limit),
        lockEnded: (namespace, from, before, limit) => turn.lockEnded(namespace, from, before, limit),
        owing: (namespace, places, except) => turn.owing(namespace, places, except),
        lockOwed: (namespace, before, limit) => turn.lockOwed(namespace, before, limit),
        save: async (namespace, changes, now) => {
          if (mishaps.losesRace(changes)) throw new ConcurrentChangeError('another worker was faster');
          const row = await turn.save(namespace, changes, now);
          saved.push({ changes, row });
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

type Ask = <T>(what: () => Promise<T>) => Promise<T>;

function withConnection(processes: Processes, ask: Ask): Processes {
  return {
    beat: (namespace, own) => ask(() => processes.beat(namespace, own)),
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
