import {
  type Message,
  MalformedMessageError,
  readMessage,
  readMessageText,
  readRequesterText,
  type Requester,
  topics as topicNames,
} from '@skald/core';
import {
  type Clock,
  type ConsumeOptions,
  type Consumer,
  type CrashProbe,
  type DeadLetter,
  deadLetterHeaders,
  type Delivery,
  HandlerCalls,
  type Log,
  messageOf,
  originalHeaders,
} from '@skald/ports';
import type { MemoryBroker, StoredRecord } from './memory-broker.js';
import type { MemoryGroup, MemoryMember } from './memory-group.js';

interface Surroundings {
  readonly log: Log;
  readonly clock: Clock;
  readonly crashProbe: CrashProbe;
}

interface Arrival {
  readonly record: StoredRecord;
  readonly content:
    Delivery | { readonly code: string; readonly reason: string; readonly requester: Requester | undefined };
}

/** Takes batches from its group's partitions, one at a time, until it is stopped. */
export class MemoryConsumer implements Consumer, MemoryMember {
  readonly topics: ReadonlySet<string>;
  private readonly group: MemoryGroup;
  private readonly work: Promise<void>;
  private readonly calls: HandlerCalls;
  private state: 'running' | 'stopping' | 'abandoned' = 'running';
  private wakeUp: (() => void) | undefined;

  constructor(
    private readonly broker: MemoryBroker,
    private readonly options: ConsumeOptions,
    private readonly around: Surroundings,
  ) {
    const logs = options.topics.flatMap((topic) => broker.partitionsOf(topic));
    this.topics = new Set(options.topics);
    this.group = broker.group(options.group);
    this.group.join(this, logs, options.from);
    const { handle, group } = options;
    this.calls = new HandlerCalls({ handle, group, log: around.log, pause: (wait) => this.sleepFor(wait) });
    this.work = this.run();
  }

  isReady(): boolean {
    return this.state === 'running' && this.problem() === undefined;
  }

  problem(): string | undefined {
    return this.calls.problem();
  }

  async stop(): Promise<void> {
    if (this.state === 'running') this.state = 'stopping';
    this.wake();
    await this.work;
  }

  abandon(): void {
    this.state = 'abandoned';
    this.group.leave(this);
    this.wake();
  }

  wake(): void {
    this.wakeUp?.();
  }

  private async run(): Promise<void> {
    // Begins after the constructor is done.
    await Promise.resolve();
    while (this.state === 'running') {
      const records = this.group.take(this, this.options.maximumBatch);
      if (records.length === 0) {
        await this.sleep();
      } else if (!(await this.process(records))) {
        break;
      }
    }
    this.group.leave(this);
  }

  /** @returns false when it was given up because the consumer ends */
  private async process(records: readonly StoredRecord[]): Promise<boolean> {
    const batch = records.map(arrivalOf);
    const letters = await this.calls.handle(deliveriesOf(batch), () => this.state === 'running');
    if (letters === undefined || this.isAbandoned()) return false;
    const told = await this.calls.untilItWorks(
      () => this.tell(batch),
      () => this.state === 'running',
    );
    if (!told || this.isAbandoned()) return false;
    this.putAside(batch, letters);
    try {
      await this.around.crashProbe('before offset commit');
    } catch (error) {
      // A probe that throws plays a crash: whoever is left in the group goes on.
      this.around.log.error(`the consumer of group '${this.options.group}' crashed: ${messageOf(error)}`);
      return false;
    }
    return this.group.confirm(this, records);
  }

  private async tell(batch: readonly Arrival[]): Promise<void> {
    const unreadable = batch.flatMap(({ record: { topic }, content }) => {
      if ('message' in content || content.requester === undefined) return [];
      const { requester, code, reason } = content;
      return [{ topic, requester, code, reason }];
    });
    if (unreadable.length > 0) await this.options.tell?.(unreadable);
  }

  private putAside(batch: readonly Arrival[], letters: readonly DeadLetter[]): void {
    const byDelivery = new Map<Delivery, DeadLetter>(letters.map((letter) => [letter.delivery, letter]));
    const dead = batch.flatMap(({ record, content }) => {
      const why = 'message' in content ? byDelivery.get(content) : content;
      return why === undefined ? [] : [{ record, code: why.code, reason: why.reason }];
    });
    if (dead.length === 0) return;
    const time = new Date(this.around.clock.now()).toISOString();
    this.broker.append(
      dead.map(({ record, code, reason }) => ({
        topic: topicNames.deadLetters(record.topic),
        key: record.key,
        value: record.value,
        headers: {
          ...originalHeaders(record.headers),
          ...deadLetterHeaders(record, { code, reason }, time),
        },
      })),
    );
    for (const { record, code, reason } of dead) {
      const { topic, partition, offset } = record;
      this.around.log.warn(
        `dead letter: ${topic}, partition ${partition}, offset ${offset}: ${code}: ${reason}`,
      );
    }
  }

  private async sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.wakeUp = resolve;
    });
    this.wakeUp = undefined;
  }

  private async sleepFor(milliseconds: number): Promise<void> {
    if (this.state !== 'running') return;
    await new Promise<void>((resolve) => {
      const cancel = this.around.clock.after(milliseconds, resolve);
      this.wakeUp = () => {
        if (this.state === 'running') return;
        cancel();
        resolve();
      };
    });
    this.wakeUp = undefined;
  }

  private isAbandoned(): boolean {
    return this.state === 'abandoned';
  }
}

function arrivalOf(record: StoredRecord): Arrival {
  try {
    return { record, content: { topic: record.topic, message: parse(record.value) } };
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error;
    const requester = readRequesterText(record.value);
    return { record, content: { code: error.code, reason: error.message, requester } };
  }
}

function parse(value: string): Message {
  return readMessage(readMessageText(value));
}

function deliveriesOf(batch: readonly Arrival[]): Delivery[] {
  return batch.flatMap(({ content }) => ('message' in content ? [content] : []));
}
