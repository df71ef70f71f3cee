import type { HistoryEntry, SagaInstance } from '@skald/core';
import { definitionRef, isEnded } from '@skald/core';
import {
  type Changes,
  checkNames,
  checkTexts,
  ConcurrentChangeError,
  type InstanceKey,
  keyText,
  type OwedRow,
  type OwnDefinitions,
  pastStartText,
  type PinnedDefinition,
  type RemovedInstance,
  StartedBeforeError,
  type Store,
  type StoreTurn,
  StoreUnavailableError,
  systemClock,
} from '@skald/ports';
import { checkStorable } from './check-storable.js';
import { MemoryLocks } from './memory-locks.js';
import { MemoryProcesses } from './memory-processes.js';
import { MemoryTurn } from './memory-turn.js';

/** @internal An instance as it is stored. */
export interface StoredInstance {
  readonly revision: number;
  readonly key: InstanceKey;
  readonly definition: string;
  readonly hash: string;
  readonly isEnded: boolean;
  readonly updatedAt: number;
  readonly wakeAt: number | null;
  /** As JSON, so that what comes back is what a database would give back. */
  readonly state: string;
  readonly startId?: string | null | undefined;
}

interface StoredOwed extends OwedRow {
  readonly namespace: string;
  readonly createdAt: number;
}

export interface MemoryStoreOptions {
  /**
   * The store's own clock, by which it knows who is alive, and engines decide about timers and ages. Milliseconds since 1970.
   * Default: the system's for the former, and the engine's own for the latter.
   */
  readonly now?: () => number;
  /**
   * Whether transactions run at the same time, as in a database: each waits only for instances that another one has locked.
   * For the simulation and tests. Default: false, one after the other.
   */
  readonly isConcurrent?: boolean;
}

/** Of one id. */
const MOST_TRACES = 100;

/** A store for one process: a monolith without a database, a browser, tests. Gone when the process is. */
export class MemoryStore implements Store {
  private readonly instances = new Map<string, StoredInstance>();
  private readonly entries = new Map<string, string[]>();
  private readonly outbox = new Map<string, StoredOwed>();
  /** Oldest first. */
  private traces: readonly RemovedInstance[] = [];
  /** Of the traces: by which messages those instances were begun. */
  private readonly pastStarts = new Set<string>();
  private lastRow = 0;
  private connections = 0;
  private last: Promise<unknown> = Promise.resolve();
  private locks: MemoryLocks | undefined;
  readonly processes: MemoryProcesses;

  constructor(private readonly options: MemoryStoreOptions = {}) {
    this.processes = new MemoryProcesses(options.now ?? (() => systemClock.now()));
    this.locks = this.newLocks();
  }

  now(): number | undefined {
    return this.options.now?.();
  }

  /** Transactions run one after the other unless they are to meet; what one writes is seen when it has ended well. */
  transact<T>(work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    const { connections, locks } = this;
    const run = async (): Promise<T> => {
      const turn = new MemoryTurn(this, locks);
      try {
        const result = await work(turn);
        if (connections !== this.connections) {
          throw new StoreUnavailableError('the connection to the store was lost');
        }
        turn.commit();
        return result;
      } finally {
        turn.end();
      }
    };
    if (locks !== undefined) return run();
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
    this.locks = this.newLocks();
  }

  private newLocks(): MemoryLocks | undefined {
    return this.options.isConcurrent === true ? new MemoryLocks() : undefined;
  }

  find(keys: readonly InstanceKey[]): Promise<SagaInstance[]> {
    return Promise.resolve(keys.flatMap((key) => this.read(keyText(key)) ?? []));
  }

  history(key: InstanceKey, after: number, limit: number): Promise<HistoryEntry[]> {
    const entries = (this.entries.get(keyText(key)) ?? []).map((text): HistoryEntry => JSON.parse(text));
    return Promise.resolve(entries.filter(({ sequence }) => sequence > after).slice(0, limit));
  }

  nextWakeup(namespace: string, own: OwnDefinitions): Promise<number | null> {
    return Promise.resolve(this.waking(namespace, own)[0]?.wakeAt ?? null);
  }

  pinned(namespace: string): Promise<PinnedDefinition[]> {
    const pinned = new Map<string, PinnedDefinition>();
    for (const { key, definition, hash, isEnded: hasEnded } of this.instances.values()) {
      if (hasEnded || key.namespace !== namespace) continue;
      const place = `${definition} ${hash}`;
      pinned.set(place, { definition, hash, count: 1 + (pinned.get(place)?.count ?? 0) });
    }
    return Promise.resolve([...pinned.values()]);
  }

  removed(key: InstanceKey): Promise<RemovedInstance[]> {
    const own = this.traces.filter((trace) => keyText(trace) === keyText(key));
    return Promise.resolve(own.slice(-MOST_TRACES).toReversed());
  }

  /** @internal */
  expiredTraces(namespace: string, before: number, limit: number): RemovedInstance[] {
    return this.traces.filter((one) => one.namespace === namespace && one.keptUntil < before).slice(0, limit);
  }

  /** @internal */
  drop(traces: readonly RemovedInstance[]): void {
    const gone = new Set(traces);
    this.traces = this.traces.filter((trace) => !gone.has(trace));
    for (const { startId, ...key } of traces) {
      if (startId !== undefined) this.pastStarts.delete(pastStartText({ key, startId }));
    }
  }

  /** @internal */
  has(key: string): boolean {
    return this.instances.has(key);
  }

  /** @internal */
  read(key: string): SagaInstance | undefined {
    const stored = this.instances.get(key);
    return stored && (JSON.parse(stored.state) as SagaInstance);
  }

  /** @internal Instances that a process wakes and that have a wake-up, earliest first. */
  waking(namespace: string, { definitions, except }: OwnDefinitions): { key: string; wakeAt: number }[] {
    const known = new Set(definitions);
    const others = new Set(except);
    const waking: { key: string; wakeAt: number }[] = [];
    for (const [key, { wakeAt, definition, hash, key: place }] of this.instances) {
      if (
        wakeAt !== null &&
        place.namespace === namespace &&
        known.has(definition) &&
        !others.has(`${definition}#${hash}`)
      ) {
        waking.push({ key, wakeAt });
      }
    }
    return waking.toSorted((a, b) => a.wakeAt - b.wakeAt);
  }

  /** @internal */
  owed(namespace: string, before: number): OwedRow[] {
    return [...this.outbox.values()].filter((row) => row.namespace === namespace && row.createdAt < before);
  }

  /** @internal Instances that pass, as they are stored. */
  stored(passes: (stored: StoredInstance) => boolean): StoredInstance[] {
    return [...this.instances.values()].filter(passes);
  }

  /** @internal */
  nextRow(): string {
    this.lastRow += 1;
    return String(this.lastRow);
  }

  /** @internal */
  checkChanges({ created, startIds = [], updated, history, owed, removed = [] }: Changes): void {
    for (const instance of created) {
      if (this.instances.has(keyText(instance))) {
        throw new ConcurrentChangeError(`saga '${instance.id}' was created by another worker`);
      }
    }
    const past = created.flatMap(({ namespace, id }, index) => {
      const startId = startIds[index] ?? undefined;
      const isPast =
        startId !== undefined && this.pastStarts.has(pastStartText({ key: { namespace, id }, startId }));
      return isPast ? [{ key: { namespace, id }, startId }] : [];
    });
    if (past.length > 0) throw new StartedBeforeError(past);
    for (const { instance, fromRevision } of updated) {
      if (this.instances.get(keyText(instance))?.revision !== fromRevision) {
        throw new ConcurrentChangeError(`saga '${instance.id}' was changed by another worker`);
      }
    }
    checkNames([
      ...created.map(({ id }) => id),
      ...created.map(({ definition }) => definitionRef(definition)),
      ...owed,
    ]);
    for (const { actor, reason } of removed) checkTexts([actor, reason]);
    for (const instance of created) checkStorable(instance);
    for (const { instance } of updated) checkStorable(instance);
    for (const { entry } of history) checkStorable(entry);
  }

  /** @internal */
  apply(namespace: string, changes: Changes, row: string | undefined, now: number): void {
    const { created, updated, history, owed, settled, removed = [], parked = [], postponed = [] } = changes;
    const startIds = new Map(created.map((one, index) => [keyText(one), changes.startIds?.[index]]));
    for (const instance of [...created, ...updated.map((update) => update.instance)]) {
      const startId = startIds.get(keyText(instance)) ?? this.instances.get(keyText(instance))?.startId;
      this.instances.set(keyText(instance), {
        revision: instance.revision,
        key: { namespace: instance.namespace, id: instance.id },
        definition: definitionRef(instance.definition),
        hash: instance.definition.hash,
        isEnded: isEnded(instance.status),
        updatedAt: instance.updatedAt,
        wakeAt: isEnded(instance.status) ? null : instance.wakeAt,
        state: JSON.stringify(instance),
        startId,
      });
    }
    for (const { key, wakeAt } of postponed) {
      const stored = this.instances.get(keyText(key));
      const instance = this.read(keyText(key));
      if (stored === undefined || instance === undefined) continue;
      const state = JSON.stringify({ ...instance, wakeAt });
      this.instances.set(keyText(key), { ...stored, wakeAt, state });
    }
    for (const { key, entry } of history) {
      const entries = this.entries.get(keyText(key)) ?? [];
      entries.push(JSON.stringify(entry));
      this.entries.set(keyText(key), entries);
    }
    for (const settledRow of settled) this.outbox.delete(settledRow);
    if (row !== undefined) this.outbox.set(row, { row, namespace, ids: [...owed], createdAt: now });
    const traces = removed.map((trace) => {
      const startId = trace.startId ?? this.instances.get(keyText(trace))?.startId;
      return typeof startId === 'string' ? { ...trace, startId } : trace;
    });
    for (const trace of removed) {
      this.instances.delete(keyText(trace));
      this.entries.delete(keyText(trace));
    }
    for (const { startId, ...key } of traces) {
      if (startId !== undefined) this.pastStarts.add(pastStartText({ key, startId }));
    }
    if (removed.length > 0) this.traces = [...this.traces, ...traces];
    for (const { definition, message } of parked) this.processes.keep(namespace, definition, message, false);
  }
}
