import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaTransport } from '@skald/kafka';
import { type Message, RequestType, topics } from '@skald/core';
import type { Delivery, Log } from '@skald/ports';
import { kindOf } from './kinds/index.js';

const TICK_MS = 20;
const RETRY_MS = 200;
const ENDS = new Map([
  ['skald.saga.completed', 'completed'],
  ['skald.saga.compensated', 'compensated'],
  ['skald.saga.terminated', 'terminated'],
]);

export interface LoadOptions {
  readonly namespace: string;
  readonly brokers: readonly string[];
  /** Sagas a second. */
  readonly rate: number;
  readonly log: Log;
}

/** How a saga was heard to end. */
export interface HeardEnd {
  readonly status: string;
  /** From when it was due to be started until it was heard to have ended. Milliseconds. */
  readonly latencyMs: number;
}

/**
 * Starts sagas at a fixed rate, however long the others take, and hears of their ends on the lifecycle topic. What cannot
 * be sent now is sent later, and its latency counts from when it was due.
 */
export class Load {
  readonly heard = new Map<string, HeardEnd>();
  /** How many were due, and how many were heard to end, in each second from the beginning. */
  readonly dueBySecond: number[] = [];
  readonly endedBySecond: number[] = [];
  /** Requests that were refused, which none may be. */
  readonly refused: string[] = [];
  private readonly transport: KafkaTransport;
  private startedAt = 0;
  private due = 0;

  constructor(private readonly options: LoadOptions) {
    const { brokers, log } = options;
    this.transport = new KafkaTransport({ brokers, clientId: 'chaos-load', log });
  }

  /** When the first saga was due, on the clock of `performance`. Milliseconds. */
  get begunAt(): number {
    return this.startedAt;
  }

  get startedSagas(): number {
    return this.due;
  }

  get openSagas(): number {
    return this.due - this.heard.size;
  }

  /** Milliseconds since the first saga was due. */
  get now(): number {
    return performance.now() - this.startedAt;
  }

  /** Resolves when no end of a saga can be missed any more. */
  async connect(): Promise<void> {
    const { namespace } = this.options;
    await this.transport.ensureTopics([topics.requests(namespace), topics.events(namespace)]);
    await this.transport.consume({
      group: `${namespace}.chaos-load`,
      topics: [topics.events(namespace)],
      from: 'beginning',
      maximumBatch: 1_000,
      handle: (batch) => {
        for (const delivery of batch) this.take(delivery);
        return Promise.resolve([]);
      },
    });
  }

  /** Starts sagas for so long; resolves when all of them are stored by Kafka. */
  async run(milliseconds: number): Promise<void> {
    this.startedAt = performance.now();
    let unsent: Message[] = [];
    let sent = true;
    while (this.now < milliseconds || unsent.length > 0) {
      if (this.now < milliseconds) unsent.push(...this.newlyDue());
      const together = unsent;
      unsent = [];
      if (together.length > 0) {
        sent = await this.send(together);
        if (!sent) unsent = together;
      }
      await sleep(sent ? TICK_MS : RETRY_MS);
    }
  }

  async close(): Promise<void> {
    await this.transport.close();
  }

  private async send(messages: readonly Message[]): Promise<boolean> {
    const topic = topics.requests(this.options.namespace);
    try {
      await this.transport.send(messages.map((message) => ({ topic, message })));
      return true;
    } catch {
      // Kafka is away; the same starts again are the same sagas.
      return false;
    }
  }

  private newlyDue(): Message[] {
    const due = Math.floor((this.now * this.options.rate) / 1_000) + 1;
    const messages: Message[] = [];
    for (; this.due < due; this.due += 1) {
      add(this.dueBySecond, this.dueAt(this.due));
      messages.push(this.startOf(this.due));
    }
    return messages;
  }

  private dueAt(number: number): number {
    return (number * 1_000) / this.options.rate;
  }

  private startOf(number: number): Message {
    const { namespace } = this.options;
    const kind = kindOf(number);
    const sagaid = sagaIdOf(number);
    return {
      specversion: '1.0',
      id: `start-${sagaid}`,
      source: `/skald/${namespace}/chaos`,
      type: RequestType.start,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      namespace,
      sagaid,
      data: { definition: kind.saga.name, input: { orderId: sagaid, ...kind.input } },
    };
  }

  private take({ message: { type, sagaid, data } }: Delivery): void {
    if (type === 'skald.request.refused') this.refused.push(`${sagaid}: ${JSON.stringify(data)}`);
    const status = ENDS.get(type);
    if (status === undefined || this.heard.has(sagaid)) return;
    const { now } = this;
    this.heard.set(sagaid, { status, latencyMs: now - this.dueAt(numberOf(sagaid)) });
    add(this.endedBySecond, now);
  }
}

export function sagaIdOf(number: number): string {
  return `order-${number}`;
}

export function numberOf(sagaId: string): number {
  return Number(sagaId.slice('order-'.length));
}

function add(bySecond: number[], at: number): void {
  const second = Math.floor(at / 1_000);
  while (bySecond.length <= second) bySecond.push(0);
  bySecond[second] = (bySecond[second] ?? 0) + 1;
}
