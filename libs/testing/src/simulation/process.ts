import type { Message, OutgoingMessage, transition } from '@skald/core';
import {
  type Changes,
  type Clock,
  type ConsumeOptions,
  type CrashPoint,
  type DeadLetter,
  messageOf,
  MessageRefusedError,
  type Store,
  StoreUnavailableError,
  type Transport,
} from '@skald/ports';
import { type DefinitionRegistry, SagaEngine } from '@skald/runtime';
import type { Arrived, Bus } from './bus.js';
import type { EventLoop } from './event-loop.js';
import type { Faults } from './faults.js';
import type { KeyedRandom } from './keyed-random.js';
import { nameOfChanges, type ObservedStore } from './observed-store.js';

export interface ProcessOptions {
  readonly name: string;
  readonly namespace: string;
  readonly loop: EventLoop;
  readonly random: KeyedRandom;
  readonly faults: Faults;
  readonly store: ObservedStore;
  readonly bus: Bus;
  readonly definitions: DefinitionRegistry;
  readonly decorateStore: ((store: Store) => Store) | undefined;
  readonly decorateTransport: ((transport: Transport) => Transport) | undefined;
  readonly transition: typeof transition;
  readonly retentionMs: number | undefined;
  readonly isDatabaseAway: () => boolean;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  /** Gets what the process had taken and not confirmed. */
  readonly onCrash: (unconfirmed: readonly Arrived[]) => void;
  readonly onTrouble: (text: string) => void;
}

const POLL_MS = 5_000;
const PAUSE_MS = 100;
const LONGEST_TRANSACTION_MS = 2_000;

/** Of the environment, for the engine: not the fault of what it had in hand. */
class ProcessKilledError extends StoreUnavailableError {}

/**
 * One orchestrator: an engine with a clock, a connection to the database and a consumer of its own. When it is killed,
 * nothing that it still tries has any effect.
 */
export class Process {
  isAlive = true;
  readonly engine: SagaEngine;
  private readonly inbox: Arrived[] = [];
  private readonly inHand: Arrived[] = [];
  private consumer: ConsumeOptions | undefined;
  private isPolling = false;
  private lastChanges = 'nothing';
  private dice = 0;
  private readonly skewMs: number;

  constructor(private readonly options: ProcessOptions) {
    const { name, random, faults, store, decorateStore } = options;
    const isSkewed = faults.strikes('clock skewed', name);
    this.skewMs = isSkewed ? random.between(-600_000, 600_000, `skew of ${name}`) : 0;
    const timeErrorMs = isSkewed ? random.between(-200, 200, `error of ${name}`) : 0;
    this.engine = new SagaEngine({
      namespace: options.namespace,
      definitions: options.definitions,
      store: store.forProcess(
        {
          timeErrorMs,
          checkConnected: () => this.checkConnected(),
          pause: (after) => this.pause(after),
          losesRace: (changes) => this.losesRace(changes),
          losesCommit: (changes) => faults.strikes('commit unconfirmed', nameOfChanges(changes)),
        },
        decorateStore,
      ),
      transport: options.decorateTransport?.(this.transport()) ?? this.transport(),
      clock: this.clock(),
      random: () => {
        this.dice += 1;
        return random.number(`${name} rolls ${this.dice}`);
      },
      log: {
        log: () => undefined,
        warn: (text) => options.onTrouble(text),
        error: (text) => options.onTrouble(text),
      },
      timerPollMs: POLL_MS,
      relayPollMs: POLL_MS,
      beatMs: POLL_MS,
      retentionMs: options.retentionMs,
      crashProbe: async (point) => this.crashAt(point, this.lastChanges),
      transition: options.transition,
    });
  }

  get definitions(): DefinitionRegistry {
    return this.options.definitions;
  }

  /** Messages taken from the broker and not worked on yet. */
  get waiting(): number {
    return this.inbox.length + this.inHand.length;
  }

  /** @param arrived comes after what is there already */
  take(arrived: readonly Arrived[]): void {
    this.inbox.push(...arrived);
    this.wake(0);
  }

  private wake(delayMs: number): void {
    if (this.isPolling || !this.isAlive) return;
    this.isPolling = true;
    this.options.loop.plan(delayMs, () => void this.poll(), true);
  }

  private async poll(): Promise<void> {
    const { random } = this.options;
    const { consumer } = this;
    if (!this.isAlive || consumer === undefined) return;
    const batch = this.inbox.splice(0, consumer.maximumBatch);
    this.inHand.push(...batch);
    if (batch.length === 0) {
      this.isPolling = false;
      return;
    }
    const deliveries = batch.map(({ topic, value }) => ({ topic, message: JSON.parse(value) as Message }));
    const first = `${deliveries[0]?.message.id}`;
    try {
      const letters = await consumer.handle(deliveries);
      this.crashAt('before offset commit', first);
      for (const letter of letters) this.options.onDeadLetter(letter);
    } catch (error) {
      if (!this.isAlive) return;
      this.options.onTrouble(`the batch failed and comes again: ${messageOf(error)}`);
      this.inbox.unshift(...this.inHand.splice(0));
      this.isPolling = false;
      this.wake(PAUSE_MS);
      return;
    }
    for (const arrived of this.inHand.splice(0)) this.options.bus.confirm(arrived);
    this.isPolling = false;
    // While a turn is being worked on, what arrives gathers for the next.
    this.wake(random.between(1, 10, `work on ${first}`));
  }

  private pause(after: string): Promise<void> | undefined {
    const { faults, random, loop } = this.options;
    if (!faults.strikes('transactions meet', after)) return undefined;
    const forMs = random.between(1, LONGEST_TRANSACTION_MS, `pause after ${after}`);
    return new Promise((resolve) => {
      loop.plan(forMs, resolve, true);
    });
  }

  private losesRace(changes: Changes): boolean {
    this.lastChanges = nameOfChanges(changes);
    return changes.updated.length > 0 && this.options.faults.strikes('race lost', this.lastChanges);
  }

  private checkConnected(): void {
    this.checkAlive();
    if (this.options.isDatabaseAway()) throw new StoreUnavailableError('the database is away');
  }

  private checkAlive(): void {
    if (!this.isAlive) throw new ProcessKilledError('the process was killed');
  }

  private crashAt(point: CrashPoint, subject: string): void {
    this.checkAlive();
    if (!this.options.faults.strikes(`crash ${point}`, subject, ` in ${this.options.name}`)) return;
    this.kill();
    throw new ProcessKilledError(`killed ${point}`);
  }

  /** Whatever it is doing, and without a word to anybody. */
  kill(): void {
    this.isAlive = false;
    this.options.onCrash([...this.inHand.splice(0), ...this.inbox.splice(0)]);
  }

  private clock(): Clock {
    const { loop } = this.options;
    return {
      now: () => loop.now() + this.skewMs,
      elapsed: () => loop.now(),
      after: (milliseconds, callback) =>
        loop.plan(
          milliseconds,
          () => {
            if (this.isAlive) callback();
          },
          true,
        ),
    };
  }

  private transport(): Transport {
    const { bus } = this.options;
    return {
      ensureTopics: () => Promise.resolve(),
      consume: (options) => {
        this.consumer = options;
        return Promise.resolve({
          stop: () => Promise.resolve(),
          isReady: () => !bus.isAway,
          problem: () => undefined,
        });
      },
      send: async (messages) => this.send(messages, bus),
      deadLetter: async (letters) => {
        this.checkAlive();
        for (const letter of letters) this.options.onDeadLetter(letter);
      },
      progress: (_group, topic) => bus.progress(topic),
      close: () => Promise.resolve(),
    };
  }

  private send(messages: readonly OutgoingMessage[], bus: Bus): void {
    this.checkAlive();
    const [first] = messages;
    if (first === undefined) return;
    const { faults } = this.options;
    const subject = first.message.id;
    if (bus.isAway || faults.strikes('send rejected', subject)) throw new Error('the broker is away');
    const refused = messages.flatMap(({ topic, message }) => {
      const reason = bus.refusal({ topic, message });
      return reason === undefined ? [] : [{ message, code: 'too_large' as const, reason }];
    });
    const ids = new Set(refused.map(({ message }) => message.id));
    for (const message of messages) if (!ids.has(message.message.id)) bus.append(message);
    if (faults.strikes('send unconfirmed', subject)) throw new Error('the broker did not confirm');
    if (refused.length > 0) throw new MessageRefusedError(refused);
  }
}
