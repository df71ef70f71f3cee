import { type Message, type OutgoingMessage, topics as topicNames } from '@skald/core';
import {
  type Clock,
  type ConsumeOptions,
  type Consumer,
  type CrashProbe,
  type DeadLetter,
  deadLetterHeaders,
  type DeadLetters,
  type Log,
  MessageRefusedError,
  printableLog,
  type Progress,
  ProgressHistory,
  type RefusedMessage,
  systemClock,
  type TransportWithDeadLetters,
} from '@skald/ports';
import {
  type MemoryBroker,
  MemoryOptionsError,
  type MemoryRecord,
  partitionOf,
  wholeNumber,
} from './memory-broker.js';
import { MemoryConsumer } from './memory-consumer.js';
import { MemoryDeadLetters } from './memory-dead-letters.js';

export interface MemoryTransportOptions {
  readonly broker: MemoryBroker;
  /** Default: silence. */
  readonly log?: Log;
  /** Times the pauses between attempts. Default: the system's clock. */
  readonly clock?: Clock;
  /** For tests that crash at a crash point. */
  readonly crashProbe?: CrashProbe;
}

const SILENCE: Log = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** Messages within one process. Each transport stands for a process; those that share a broker reach each other. */
export class MemoryTransport implements TransportWithDeadLetters {
  readonly deadLetters: DeadLetters;
  private readonly broker: MemoryBroker;
  private readonly log: Log;
  private readonly clock: Clock;
  private readonly crashProbe: CrashProbe;
  private readonly consumers = new Set<MemoryConsumer>();
  private readonly histories = new Map<string, ProgressHistory>();
  private isClosed = false;

  constructor(options: MemoryTransportOptions) {
    this.broker = options.broker;
    this.deadLetters = new MemoryDeadLetters(options.broker);
    this.log = printableLog(options.log ?? SILENCE);
    this.clock = options.clock ?? systemClock;
    this.crashProbe = options.crashProbe ?? (async () => undefined);
  }

  async ensureTopics(topics: readonly string[]): Promise<void> {
    this.refuseWhenClosed();
    for (const topic of topics) {
      this.broker.create(topic);
      this.broker.create(topicNames.deadLetters(topic), 1);
    }
  }

  /** @throws MemoryOptionsError, UnknownMemoryTopicError */
  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.refuseWhenClosed();
    if (options.group === '') throw new MemoryOptionsError('group', 'give the group a name');
    if (options.topics.length === 0) throw new MemoryOptionsError('topics', 'give at least one topic');
    wholeNumber('maximumBatch', options.maximumBatch, 1);

    const { broker, log, clock, crashProbe } = this;
    const consumer = new MemoryConsumer(broker, options, { log, clock, crashProbe });
    this.consumers.add(consumer);
    return {
      isReady: () => consumer.isReady(),
      problem: () => consumer.problem(),
      stop: async () => {
        await consumer.stop();
        this.consumers.delete(consumer);
      },
    };
  }

  /** @throws MessageRefusedError for missing topics, and for what is too large or not JSON; all others are sent then */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    this.refuseWhenClosed();
    const records: (MemoryRecord & { readonly topic: string })[] = [];
    const refused: RefusedMessage[] = [];
    for (const { topic, message } of messages) {
      const value = textOf(message);
      const why = value === undefined ? NOT_JSON : this.broker.refusal(topic, value);
      if (why !== undefined) refused.push({ message, ...why });
      else if (value !== undefined) records.push({ topic, key: message.sagaid, value });
    }
    this.broker.append(records);
    if (refused.length > 0) throw new MessageRefusedError(refused);
  }

  /** Looks when it is asked, at most once a millisecond. */
  progress(group: string, topic: string): Progress | undefined {
    const now = this.clock.elapsed();
    const stand = this.broker.standOf(group, topic);
    if (stand === undefined) return undefined;
    const place = `${group} ${topic}`;
    const history = this.histories.get(place) ?? new ProgressHistory(partitionOf, () => this.clock.elapsed());
    this.histories.set(place, history);
    if (history.knownAt !== now) history.add({ at: now, seenAt: now, ...stand });
    return history;
  }

  async deadLetter(letters: readonly DeadLetter[]): Promise<void> {
    this.refuseWhenClosed();
    const time = new Date(this.clock.now()).toISOString();
    this.broker.append(
      letters.map(({ delivery: { topic, message }, code, reason }) => ({
        topic: topicNames.deadLetters(topic),
        key: message.sagaid,
        value: JSON.stringify(message),
        headers: deadLetterHeaders({ topic }, { code, reason }, time),
      })),
    );
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    this.consumers.clear();
  }

  /**
   * What SIGKILL does to a process: nothing more is sent or confirmed, and what its consumers had in hand goes to others.
   * Handlers that are running cannot be cut off, but whatever they do with this transport fails.
   */
  abandon(): void {
    this.isClosed = true;
    for (const consumer of this.consumers) consumer.abandon();
    this.consumers.clear();
  }

  private refuseWhenClosed(): void {
    if (this.isClosed) throw new MemoryOptionsError('transport', 'it is closed; make a new one');
  }
}

const NOT_JSON = { code: 'not_json', reason: 'the message cannot be written as JSON' } as const;

function textOf(message: Message): string | undefined {
  try {
    return JSON.stringify(message);
  } catch {
    return undefined;
  }
}
