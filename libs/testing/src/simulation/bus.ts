import {
  isRecord,
  LifecycleType,
  type Message,
  type OutgoingMessage,
  ReplyType,
  RequestType,
} from '@skald/core';
import { type Progress, ProgressHistory } from '@skald/ports';
import type { EventLoop } from './event-loop.js';
import type { Faults } from './faults.js';
import type { KeyedRandom } from './keyed-random.js';

export interface Arrived {
  readonly topic: string;
  readonly key: string;
  /** As JSON, as it would be on a wire. */
  readonly value: string;
  /** In its topic; that of a copy is the same. */
  readonly offset: number;
}

/** What of a topic lies there and was not read to the end. */
interface TopicLog {
  end: number;
  readonly unread: Set<number>;
  readonly progress: ProgressHistory;
}

export interface BusOptions {
  readonly loop: EventLoop;
  readonly faults: Faults;
  readonly random: KeyedRandom;
  readonly deliver: (arrived: Arrived) => void;
  /** Whether nothing but another attempt would bring this message again, so that it may be lost. */
  readonly canBeLost: (outgoing: OutgoingMessage) => boolean;
}

/**
 * The broker: in order under one key, in any order across keys. What it is late with comes later than any timeout of
 * the sagas; what it delivers twice comes the second time at any moment.
 */
export class Bus {
  /** Messages that are still on their way. */
  underway = 0;
  private readonly lastArrival = new Map<string, number>();
  private readonly counts = new Map<string, number>();
  private readonly logs = new Map<string, TopicLog>();
  private backAt = 0;

  constructor(private readonly options: BusOptions) {}

  /** The broker goes away; what it has stored is read when it is back, and participants send then what they have. */
  goAway(forMs: number): void {
    this.backAt = this.options.loop.now() + forMs;
  }

  get isAway(): boolean {
    return this.options.loop.now() < this.backAt;
  }

  /** Why the broker takes this message at no hour, if so. Only what carries somebody's data can be too large. */
  refusal({ topic, message }: OutgoingMessage): string | undefined {
    if (!carriesData(message)) return undefined;
    const kind = topic.slice(topic.lastIndexOf('.') + 1);
    return this.options.faults.staysFor('message refused', `${kind} ${message.id}`)
      ? 'it is too large'
      : undefined;
  }

  append(outgoing: OutgoingMessage): void {
    const { faults, random } = this.options;
    const { topic, message } = outgoing;
    const name = this.nameOf(message, topic);
    if (this.options.canBeLost(outgoing) && faults.strikes('message lost', name)) return;
    const isLate = faults.strikes('message delayed', name);
    const latency = isLate
      ? random.between(1_000, 40_000, `delay of ${name}`)
      : random.between(1, 8, `latency of ${name}`);
    const log = this.logOf(topic);
    const arrived = { topic, key: message.sagaid, value: JSON.stringify(message), offset: log.end };
    log.unread.add(log.end);
    log.end += 1;
    this.schedule(arrived, latency, true);
    if (faults.strikes('message duplicated', name)) {
      this.schedule(arrived, latency + random.between(1, 30_000, `second time of ${name}`), false);
    }
  }

  /** Whoever reads the topic has done what the message asks for. */
  confirm({ topic, offset }: Arrived): void {
    this.logOf(topic).unread.delete(offset);
  }

  /** How far the one group that reads a topic has got. */
  progress(topic: string): Progress {
    const { end, unread, progress } = this.logOf(topic);
    const now = this.options.loop.now();
    const isKnown = progress.knownAt === now || this.isAway;
    if (!isKnown) {
      progress.add({ at: now, seenAt: now, ends: [end], confirmed: [Math.min(end, ...unread)] });
    }
    return progress;
  }

  private logOf(topic: string): TopicLog {
    let log = this.logs.get(topic);
    if (log === undefined) {
      const progress = new ProgressHistory(
        () => 0,
        () => this.options.loop.now(),
      );
      this.logs.set(topic, (log = { end: 0, unread: new Set(), progress }));
    }
    return log;
  }

  /** Copies of a message are told apart by their number. */
  private nameOf({ id }: Message, topic: string): string {
    const count = 1 + (this.counts.get(id) ?? 0);
    this.counts.set(id, count);
    const kind = topic.slice(topic.lastIndexOf('.') + 1);
    return count === 1 ? `${kind} ${id}` : `${kind} ${id} copy ${count}`;
  }

  private schedule(arrived: Arrived, latency: number, inOrder: boolean): void {
    const { loop } = this.options;
    const place = `${arrived.topic} ${arrived.key}`;
    let at = loop.now() + latency;
    if (inOrder) {
      at = Math.max(at, this.lastArrival.get(place) ?? 0);
      this.lastArrival.set(place, at);
    }
    this.underway += 1;
    loop.plan(at - loop.now(), () => this.arrive(arrived));
  }

  private arrive(arrived: Arrived): void {
    const { loop, deliver } = this.options;
    if (this.isAway) {
      loop.plan(this.backAt - loop.now(), () => this.arrive(arrived));
      return;
    }
    this.underway -= 1;
    deliver(arrived);
  }
}

/** Of what engines and participants send; everything else is short. */
function carriesData({ type, data, replyto }: Message): boolean {
  switch (type) {
    case ReplyType.succeeded:
      return data !== null;
    case LifecycleType.completed:
      return isRecord(data) && data['output'] !== undefined;
    case ReplyType.rejected:
    case ReplyType.failed:
    case RequestType.undo:
      return false;
    default:
      // Commands, and starts of child sagas.
      return replyto !== undefined;
  }
}
