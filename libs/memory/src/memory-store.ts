import type { HistoryEntry, SagaInstance } from '@skald/core';
import { definitionRef, isEnded } from '@skald/core';
import {
  type Changes,
  ConcurrentChangeError,
  type InstanceKey,
  keyText,
  type OwedRow,
  type Store,
  type StoreTurn,
} from '@skald/runtime';

interface StoredInstance {
  readonly revision: number;
  readonly definition: string;
  readonly wakeAt: number | null;
  /** As JSON, so that what comes back is what a database would give back. */
  readonly state: string;
}

interface StoredOwed extends OwedRow {
  readonly createdAt: number;
}

/** A store for one process: a monolith without a database, a browser, tests. Gone when the process is. */
export class MemoryStore implements Store {
  private readonly instances = new Map<string, StoredInstance>();
  private readonly entries = new Map<string, string[]>();
  private readonly outbox = new Map<string, StoredOwed>();
  private lastRow = 0;
  private connections = 0;
  private last: Promise<unknown> = Promise.resolve();

  /** Transactions run one after the other; what one writes is seen when it has ended well. */
  transact<T>(work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    const { connections } = this;
    const run = async (): Promise<T> => {
      const turn = new MemoryTurn(this);
      const result = await work(turn);
      if (connections !== this.connections) throw new Error('the connection to the store was lost');
      turn.commit();
      return result;
    };
    const current = this.last.then(run, run);
    this.last = current.catch(() => undefined);
    return current;
  }

  /**
   * What a database does when its clients are gone: the transaction in hand is rolled back and those that wait never
   * begin. For the simulation of crashes.
   */
  loseConnections(): void {
    this.connections += 1;
    this.last = Promise.resolve();
  }

  find(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    return Promise.resolve(keys.flatMap((key) => this.read(keyText(key)) ?? []));
  }

  history(key: InstanceKey, after: number, limit: number): Promise<HistoryEntry[]> {
    const entries = (this.entries.get(keyText(key)) ?? []).map((text): HistoryEntry => JSON.parse(text));
    return Promise.resolve(entries.filter(({ sequence }) => sequence > after).slice(0, limit));
  }

  nextWakeup(definitions: readonly string[]): Promise<number | null> {
    return Promise.resolve(this.waking(definitions)[0]?.wakeAt ?? null);
  }

  /** @internal */
  read(key: string): SagaInstance | undefined {
    const stored = this.instances.get(key);
    return stored && (JSON.parse(stored.state) as SagaInstance);
  }

  /** @internal Instances of these definitions that have a wake-up, earliest first. */
  waking(definitions: readonly string[]): { key: string; wakeAt: number }[] {
    const known = new Set(definitions);
    const waking: { key: string; wakeAt: number }[] = [];
    for (const [key, { wakeAt, definition }] of this.instances) {
      if (wakeAt !== null && known.has(definition)) waking.push({ key, wakeAt });
    }
    return waking.toSorted((a, b) => a.wakeAt - b.wakeAt);
  }

  /** @internal */
  owed(before: number, limit: number): OwedRow[] {
    return [...this.outbox.values()].filter(({ createdAt }) => createdAt < before).slice(0, limit);
  }

  /** @internal */
  nextRow(): string {
    this.lastRow += 1;
    return String(this.lastRow);
  }

  /** @internal */
  check({ created, updated }: Changes): void {
    for (const instance of created) {
      if (this.instances.has(keyText(instance))) {
        throw new ConcurrentChangeError(`saga '${instance.id}' was created by another worker`);
      }
    }
    for (const { instance, fromRevision } of updated) {
      if (this.instances.get(keyText(instance))?.revision !== fromRevision) {
        throw new ConcurrentChangeError(`saga '${instance.id}' was changed by another worker`);
      }
    }
  }

  /** @internal */
  apply({ created, updated, history, owed, settled }: Changes, row: string | undefined, now: number): void {
    for (const instance of [...created, ...updated.map((update) => update.instance)]) {
      this.instances.set(keyText(instance), {
        revision: instance.revision,
        definition: definitionRef(instance.definition),
        wakeAt: isEnded(instance.status) ? null : instance.wakeAt,
        state: JSON.stringify(instance),
      });
    }
    for (const { key, entry } of history) {
      const entries = this.entries.get(keyText(key)) ?? [];
      entries.push(JSON.stringify(entry));
      this.entries.set(keyText(key), entries);
    }
    for (const settledRow of settled) this.outbox.delete(settledRow);
    if (row !== undefined) this.outbox.set(row, { row, ids: [...owed], createdAt: now });
  }
}

class MemoryTurn implements StoreTurn {
  private readonly writes: (() => void)[] = [];

  constructor(private readonly store: MemoryStore) {}

  lock(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    return this.store.find(keys);
  }

  lockDue(definitions: readonly string[], now: number, limit: number): Promise<SagaInstance[]> {
    const due = this.store.waking(definitions).filter(({ wakeAt }) => wakeAt <= now);
    return Promise.resolve(due.slice(0, limit).flatMap(({ key }) => this.store.read(key) ?? []));
  }

  lockOwed(before: number, limit: number): Promise<OwedRow[]> {
    return Promise.resolve(this.store.owed(before, limit));
  }

  async save(changes: Changes, now: number): Promise<string | undefined> {
    this.store.check(changes);
    const row = changes.owed.length > 0 ? this.store.nextRow() : undefined;
    this.writes.push(() => this.store.apply(changes, row, now));
    return row;
  }

  commit(): void {
    for (const write of this.writes) write();
  }
}
