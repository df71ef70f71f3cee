import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '@skald/core';
import { uniqueName } from '../setup/real-services.js';
import type {
  ConsumeOptions,
  CrashProbe,
  DeadLetter,
  Delivery,
  Transport,
  TransportWithDeadLetters,
} from '@skald/ports';

/** A record as it lies in a topic. */
export interface WireRecord {
  readonly key: string | null;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A transport in the part of a process. */
export interface TransportProcess {
  readonly transport: TransportWithDeadLetters;
  /** Ends it without letting it confirm what it has in hand. */
  die(): Promise<void>;
}

/** One message system that several processes share. */
export interface TransportHarness {
  start(options?: { readonly crashProbe?: CrashProbe }): TransportProcess;
  /** Stores what no transport would write. */
  produceRaw(topic: string, records: readonly Partial<WireRecord>[]): Promise<void>;
  /** All records of a topic. */
  records(topic: string): Promise<WireRecord[]>;
  close(): Promise<void>;
}

export const silence = { log: () => undefined, warn: () => undefined, error: () => undefined };

export function messageOf(sagaid: string, number: number, more: Partial<Message> = {}): Message {
  return {
    specversion: '1.0',
    id: `${sagaid}/${number}`,
    source: '/test',
    type: 'test.happened',
    namespace: 'test',
    sagaid,
    data: { number },
    ...more,
  };
}

/** Messages of so many sagas, taking turns: one of each saga, then the second of each, and so on. */
export function messagesOf(sagas: number, each: number, first = 0): Message[] {
  return Array.from({ length: sagas * each }, (_, i) =>
    messageOf(`saga-${i % sagas}`, first + Math.floor(i / sagas)),
  );
}

export function idsOf(messages: readonly Message[]): string[] {
  return messages.map(({ id }) => id).toSorted();
}

export async function send(transport: Transport, topic: string, messages: readonly Message[]): Promise<void> {
  await transport.send(messages.map((message) => ({ topic, message })));
}

export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  const waiting: (() => void)[] = [];
  const opened = new Promise<void>((resolve) => {
    waiting.push(resolve);
  });
  return {
    opened,
    open: () => {
      for (const resolve of waiting) resolve();
    },
  };
}

/** Resolves when the condition holds; the test's own timeout bounds it. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

/** Remembers what a consumer was given, and lets a test wait for it. */
export class Recorder {
  readonly batches: Message[][] = [];
  mostAtOnce = 0;
  private running = 0;
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly then: (
      batch: readonly Delivery[],
      call: number,
    ) => Promise<readonly DeadLetter[] | void> = async () => undefined,
  ) {}

  options(topic: string, more: Partial<ConsumeOptions> = {}): ConsumeOptions {
    return {
      group: uniqueName('group'),
      topics: [topic],
      from: 'beginning',
      maximumBatch: 100,
      handle: (batch) => this.handle(batch),
      ...more,
    };
  }

  get messages(): Message[] {
    return this.batches.flat();
  }

  get ids(): string[] {
    return this.messages.map(({ id }) => id);
  }

  /** Resolves when the condition holds after some batch; the test's own timeout bounds it. */
  async until(condition: (recorder: this) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.watchers.add(resolve);
      });
    }
  }

  async untilCount(count: number): Promise<void> {
    await this.until(({ messages }) => messages.length >= count);
  }

  private async handle(batch: readonly Delivery[]): Promise<readonly DeadLetter[]> {
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    this.batches.push(batch.map(({ message }) => message));
    for (const resolve of this.watchers) resolve();
    this.watchers.clear();
    try {
      return (await this.then(batch, this.batches.length)) ?? [];
    } finally {
      this.running -= 1;
    }
  }
}

/** Resolves when the consumers have seen so many messages between them. */
export async function untilTogether(count: number, recorders: readonly Recorder[]): Promise<void> {
  const seen = (): number => recorders.reduce((sum, { messages }) => sum + messages.length, 0);
  await Promise.race(recorders.map((recorder) => recorder.until(() => seen() >= count)));
}
