import type { HistoryEntry, Message, OutgoingMessage, Requester, SagaInstance } from '@skald/core';
import type { Processes } from './processes-port.js';
import type { Progress } from './progress.js';

/** Namespace and id: what tells one instance from all others. */
export interface InstanceKey {
  readonly namespace: string;
  readonly id: string;
}

export interface HistoryRecord {
  readonly key: InstanceKey;
  readonly entry: HistoryEntry;
}

/** An instance as it is now, and the revision it had when it was loaded: if another worker changed it, nothing is written. */
export interface Update {
  readonly instance: SagaInstance;
  readonly fromRevision: number;
}

/** What one turn writes, all of it or nothing. */
export interface Changes {
  readonly created: readonly SagaInstance[];
  /**
   * By which messages these were begun, one each in the same order; `null` where by none. Kept with them, and in their
   * traces once they are removed.
   */
  readonly startIds?: readonly (string | null)[];
  readonly updated: readonly Update[];
  readonly history: readonly HistoryRecord[];
  /** Ids of the messages that must go out; they become one row of the outbox. */
  readonly owed: readonly string[];
  /** Rows of the outbox whose messages have arrived. */
  readonly settled: readonly string[];
  /** Instances to delete, with their history, and the trace that each leaves. */
  readonly removed?: readonly RemovedInstance[];
  /**
   * Messages to keep for a process that knows the definition: `name@version`, or `name@version#hash` where only that
   * structure will do.
   */
  readonly parked?: readonly { readonly definition: string; readonly message: Message }[];
  /** Of instances that the turn has locked; their revision stays. */
  readonly postponed?: readonly PostponedWakeup[];
}

/** What is left of an instance that was removed. */
export interface RemovedInstance extends InstanceKey {
  /** See `SagaInstance.incarnation`. */
  readonly incarnation?: string;
  /** The message that began it, as `startIdOf` writes it: as long as this trace stays, that one begins nothing again. */
  readonly startId?: string;
  /** `name@version` */
  readonly definition: string;
  /** How it stood then. */
  readonly status: SagaInstance['status'];
  /** Milliseconds since 1970, as all times here. */
  readonly removedAt: number;
  /** The operator who removed it, or `retention`. */
  readonly actor: string;
  /** What the operator said. */
  readonly reason: string;
  /** When this trace may go, too. */
  readonly keptUntil: number;
}

/** An instance of which nothing changed but when it is to be looked at again. */
export interface PostponedWakeup {
  readonly key: InstanceKey;
  /** Milliseconds since 1970. */
  readonly wakeAt: number;
}

/** Instances that have not ended, counted by what they were started with. */
export interface PinnedDefinition {
  /** `name@version` */
  readonly definition: string;
  readonly hash: string;
  readonly count: number;
}

/** One row of the outbox: what one turn owed. */
export interface OwedRow {
  readonly row: string;
  readonly ids: readonly string[];
}

/** Whose instances a process wakes. */
export interface OwnDefinitions {
  /** `name@version` */
  readonly definitions: readonly string[];
  /** `name@version#hash` of structures that another live process has in place of this one's: those are that one's. */
  readonly except: readonly string[];
}

/** Where instances, their history and the outbox live. */
export interface Store {
  /**
   * Called before an engine begins: whether the store can be relied on as it is set up.
   *
   * @returns what a person should know and may leave as it is
   * @throws StoreUnusableError, with what must be changed
   */
  check?(): Promise<readonly string[]>;
  /**
   * Runs `work` in one transaction: it commits when `work` returns and rolls back when `work` throws.
   *
   * @throws ConcurrentChangeError when another worker was faster; run it again
   * @throws UnstorableError when a value can never be stored, StoreUnavailableError for whatever else the store could not do
   */
  transact<T>(work: (turn: StoreTurn) => Promise<T>): Promise<T>;
  /** Reads without locking; unknown keys are left out. */
  find(keys: readonly InstanceKey[]): Promise<SagaInstance[]>;
  /** Entries numbered above `after`, oldest first. */
  history(key: InstanceKey, after: number, limit: number): Promise<HistoryEntry[]>;
  /** The earliest wake-up of instances that this process wakes, in milliseconds since 1970. */
  nextWakeup(namespace: string, own: OwnDefinitions): Promise<number | null>;
  /** The definitions of all instances that have not ended. */
  pinned(namespace: string): Promise<PinnedDefinition[]>;
  /** The traces of instances of this id that were removed, newest first, at most a hundred. */
  removed(key: InstanceKey): Promise<RemovedInstance[]>;
  /** What processes leave for each other. */
  readonly processes: Processes;
  /**
   * What the store's own clock says, as far as is known: asking waits for nothing. All processes that share the store decide
   * by it about timers, deadlines and ages. Milliseconds since 1970. Absent, or nothing: they go by their own clocks.
   */
  now?(): number | undefined;
}

/** The part of a store that works inside a transaction. Locks are held until it ends. */
export interface StoreTurn {
  /** Locks and reads. Waits for whoever holds a lock; unknown keys are left out. */
  lock(keys: readonly InstanceKey[]): Promise<SagaInstance[]>;
  /** Reads without locking, in the transaction: whoever holds one connection needs no second. Unknown keys are left out. */
  find(keys: readonly InstanceKey[]): Promise<SagaInstance[]>;
  /**
   * Locks and reads instances that this process wakes and whose wake-up has come, earliest first. Passes over locked ones.
   */
  lockDue(namespace: string, own: OwnDefinitions, now: number, limit: number): Promise<SagaInstance[]>;
  /** Locks and reads instances that have not ended and were started with this definition and hash. */
  lockPinned(namespace: string, definition: string, hash: string, limit: number): Promise<SagaInstance[]>;
  /** Locks and reads instances that ended at `from` or later, and before `before`. Passes over locked ones. */
  lockEnded(namespace: string, from: number, before: number, limit: number): Promise<SagaInstance[]>;
  /**
   * Of these beginnings of message ids, those that a message of the outbox has.
   *
   * @param places `namespace/definition@version/saga/`, as `placeOf` makes them
   * @param except rows of the outbox that do not count, since their messages are known to have arrived
   */
  owing(namespace: string, places: readonly string[], except?: readonly string[]): Promise<string[]>;
  /** Locks and reads outbox rows older than `before`, oldest first. Passes over locked ones. */
  lockOwed(namespace: string, before: number, limit: number): Promise<OwedRow[]>;
  /**
   * Deletes traces of removed instances that are kept until before this time. Passes over locked ones.
   *
   * @returns how many
   */
  dropTraces(namespace: string, before: number, limit: number): Promise<number>;
  /**
   * @param namespace of everything in `changes`
   * @param now becomes the outbox row's age
   * @returns the name of the outbox row, when something is owed
   * @throws StartedBeforeError naming every one of `created` whose `startIds` stands in a trace of its id
   */
  save(namespace: string, changes: Changes, now: number): Promise<string | undefined>;
}

/** A message that arrived. The transport knows it again by its identity. */
export interface Delivery {
  readonly topic: string;
  readonly message: Message;
}

/** A message that can never be handled, and why. */
export interface DeadLetter {
  readonly delivery: Delivery;
  /** Stable and machine-readable, in snake_case. */
  readonly code: string;
  readonly reason: string;
}

/** What arrived and is no message, though it can be seen who sent it. */
export interface UnreadableRequest {
  readonly topic: string;
  readonly requester: Requester;
  /** As in its dead letter. */
  readonly code: string;
  readonly reason: string;
}

export interface ConsumeOptions {
  /** Consumers of one group share the topics' messages. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a group begins that has never confirmed anything. */
  readonly from: 'beginning' | 'now';
  /** At most this many messages at a time. A lone message does not wait for company. */
  readonly maximumBatch: number;
  /**
   * Handles messages of all partitions, one call at a time, in order within a saga. What it returns is dead-lettered;
   * then all are confirmed. When it throws because of what is around it (`isEnvironments`), the same messages come again
   * after a pause, for as long as it takes. After any other error they come again in smaller parts, until the message at
   * fault is alone; that one is dead-lettered with code `unusable`, and all others are handled.
   */
  readonly handle: (batch: readonly Delivery[]) => Promise<readonly DeadLetter[]>;
  /**
   * Tells senders that what they sent cannot be read, before it is dead-lettered. When it throws it is called again after a
   * pause, for as long as it takes. Default: nobody is told.
   */
  readonly tell?: (unreadable: readonly UnreadableRequest[]) => Promise<void>;
}

export interface Consumer {
  /**
   * Whether it has its place in its group now and gets on with its work; false while the broker is away, once it was
   * stopped, and while its handler keeps failing over the same messages, from the third time on.
   */
  isReady(): boolean;
  /** Why its handler keeps failing, if it does. For people; holds no payload. */
  problem(): string | undefined;
  /** Finishes the batch in hand, confirms it and leaves. */
  stop(): Promise<void>;
}

/** How messages travel. At least once, in order for one key. */
export interface Transport {
  /** The largest message that is surely taken, in bytes of JSON. Absent where there is no bound. */
  readonly maximumBytes?: number;
  /** Creates what is missing of these topics and of their dead-letter topics. */
  ensureTopics(topics: readonly string[]): Promise<void>;
  /** Resolves when messages sent from now on will arrive. */
  consume(options: ConsumeOptions): Promise<Consumer>;
  /**
   * Puts messages aside that did not arrive just now: they were kept, and were refused when they were taken up. What a
   * consumer's handler refuses it returns instead.
   */
  deadLetter(letters: readonly DeadLetter[]): Promise<void>;
  /**
   * Resolves when all messages are stored by the broker, rejects when some may not be.
   *
   * @throws MessageRefusedError naming those that the broker refuses for good; all others are stored then
   */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /**
   * How far a group has got in a topic, from what was seen lately: asking waits for nothing, and makes the transport look.
   * Absent, or nothing: it cannot tell.
   */
  progress?(group: string, topic: string): Progress | undefined;
  /** Stops its consumers and lets go of connections. */
  close(): Promise<void>;
}

/** Time, so that tests can move it. */
export interface Clock {
  /** Milliseconds since 1970. It may be set, and go back. */
  now(): number;
  /** Milliseconds since some moment, for how long something takes: nobody sets it. */
  elapsed(): number;
  /** Calls back once after a delay; the function returned takes that back. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Where the library says what happens. Never given payloads. Nest's `Logger` fits. */
export interface Log {
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
}

/**
 * Places where a crash costs most. Tests kill the process there; see docs/failures.md.
 *
 * - `before commit`: a turn is decided and not yet stored
 * - `after commit`: stored, its messages not yet sent
 * - `after send`: its messages sent, and not yet noted as sent
 * - `before offset commit`: all is done but telling Kafka
 */
export type CrashPoint = 'before commit' | 'after commit' | 'after send' | 'before offset commit';
export type CrashProbe = (point: CrashPoint) => Promise<void>;
