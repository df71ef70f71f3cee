import type { SagaInstance } from '@skald/core';
import {
  type Changes,
  type InstanceKey,
  keyText,
  type OwedRow,
  type OwnDefinitions,
  type StoreTurn,
} from '@skald/ports';
import type { LockHolder, MemoryLocks } from './memory-locks.js';
import type { MemoryStore, StoredInstance } from './memory-store.js';

/** One transaction. */
export class MemoryTurn implements StoreTurn {
  private readonly writes: (() => void)[] = [];
  private readonly holder: LockHolder;
  private finish: () => void = () => undefined;

  /** @param locks absent where no other transaction runs at the same time */
  constructor(
    private readonly store: MemoryStore,
    private readonly locks: MemoryLocks | undefined,
  ) {
    const ended = new Promise<void>((resolve) => (this.finish = resolve));
    this.holder = { held: new Set(), waitsFor: undefined, ended };
  }

  async lock(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    // There is nothing to lock of what does not exist.
    await this.take(keys.map(keyText).filter((key) => this.store.has(key)));
    return await this.store.find(keys);
  }

  find(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    return this.store.find(keys);
  }

  lockDue(namespace: string, own: OwnDefinitions, now: number, limit: number): Promise<SagaInstance[]> {
    const due = this.store.waking(namespace, own).filter(({ wakeAt }) => wakeAt <= now);
    const free = this.free(due, limit, ({ key }) => key);
    return Promise.resolve(free.flatMap(({ key }) => this.store.read(key) ?? []));
  }

  async lockPinned(
    namespace: string,
    definition: string,
    hash: string,
    limit: number,
  ): Promise<SagaInstance[]> {
    const passes = (one: StoredInstance): boolean =>
      one.key.namespace === namespace && one.definition === definition && one.hash === hash && isOpen(one);
    await this.take(
      this.store
        .stored(passes)
        .slice(0, limit)
        .map(({ key }) => keyText(key)),
    );
    return this.store.stored(passes).slice(0, limit).map(stateOf);
  }

  owing(namespace: string, places: readonly string[], except: readonly string[] = []): Promise<string[]> {
    const ids = this.store
      .owed(namespace, Number.POSITIVE_INFINITY)
      .filter(({ row }) => !except.includes(row))
      .flatMap((row) => row.ids);
    return Promise.resolve(places.filter((place) => ids.some((id) => id.startsWith(place))));
  }

  lockEnded(namespace: string, from: number, before: number, limit: number): Promise<SagaInstance[]> {
    const ended = this.store.stored(
      (one) =>
        one.key.namespace === namespace && one.isEnded && one.updatedAt >= from && one.updatedAt < before,
    );
    return Promise.resolve(this.free(ended, limit, ({ key }) => keyText(key)).map(stateOf));
  }

  lockOwed(namespace: string, before: number, limit: number): Promise<OwedRow[]> {
    const owed = this.store.owed(namespace, before);
    return Promise.resolve(this.free(owed, limit, ({ row }) => `outbox ${row}`));
  }

  dropTraces(namespace: string, before: number, limit: number): Promise<number> {
    const expired = this.store.expiredTraces(namespace, before, limit);
    this.writes.push(() => this.store.drop(expired));
    return Promise.resolve(expired.length);
  }

  async save(namespace: string, changes: Changes, now: number): Promise<string | undefined> {
    const { created, updated, removed = [], settled } = changes;
    const instances = [...created, ...updated.map(({ instance }) => instance), ...removed];
    await this.take([...instances.map(keyText), ...settled.map((row) => `outbox ${row}`)]);
    this.store.checkChanges(changes);
    const row = changes.owed.length > 0 ? this.store.nextRow() : undefined;
    this.writes.push(() => this.store.apply(namespace, changes, row, now));
    return row;
  }

  commit(): void {
    for (const write of this.writes) write();
  }

  /** Committed or not, it holds nobody up any more. */
  end(): void {
    this.locks?.release(this.holder);
    this.finish();
  }

  /** Always in the same order, so that two transactions do not wait for each other. */
  private async take(names: readonly string[]): Promise<void> {
    const { locks, holder } = this;
    if (locks === undefined) return;
    for (const name of names.toSorted()) await locks.take(holder, name);
  }

  /** The first of those that nobody else has locked, now locked. */
  private free<T>(from: readonly T[], limit: number, nameOf: (one: T) => string): T[] {
    const { locks, holder } = this;
    if (locks === undefined) return from.slice(0, limit);
    const free: T[] = [];
    for (const one of from) {
      if (free.length === limit) break;
      if (locks.tryTake(holder, nameOf(one))) free.push(one);
    }
    return free;
  }
}

function stateOf({ state }: StoredInstance): SagaInstance {
  return JSON.parse(state) as SagaInstance;
}

/** Neither ended nor suspended: what a changed definition must not touch. */
function isOpen(stored: StoredInstance): boolean {
  return !stored.isEnded && stateOf(stored).status !== 'suspended';
}
