import {
  type AnySaga,
  dueCommands,
  effectivePolicy,
  exchangeOf,
  type IndexedCommand,
  nodeNamed,
  type SagaNode,
  type Postponed,
  type SagaEvent,
  type SagaInstance,
  templateOf,
  type TimerEvent,
  topics,
} from '@skald/core';
import { type Clock, type Log, type Progress, progressAt, type Transport } from '@skald/ports';
import { RetryBudget } from './retry-budget.js';

/** What is not known yet is asked for again so soon, and later the longer it lasts. */
const SOON_MS = 500;
const LONGEST_BACKLOG_MS = 10_000;
/** Who is behind by less is under way. */
const QUEUE_MS = 1_000;
/** An older look at a group may have been overtaken. */
const FRESH_MS = 3_000;
/** A group of which this process is a member does not stand still for so long. */
const STALLED_MS = 60_000;
const LONGEST_QUEUE_MS = 60_000;
/** A queue of which nothing was seen for so long is over. */
const OVER_MS = 30_000;

type ReplyEvent = Extract<SagaEvent, { kind: 'reply' }>;

export interface PatienceOptions {
  readonly namespace: string;
  readonly transport: Transport;
  /** By which times are up. The transport has one of its own. */
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'warn' | 'log'>;
}

/** When a timer finds an instance. */
export interface Occasion {
  readonly now: number;
  readonly random: number;
  /** How long commands wait at least that may not be sent yet. Absent: all are sent. */
  readonly unsentMs?: number | undefined;
}

/** The consumer group of all orchestrators of a namespace. */
export function orchestratorGroup(namespace: string): string {
  return `${namespace}.orchestrator`;
}

/**
 * Tells silence from a queue. A time that is up counts only when what it waited for had its chance:
 *
 * - a reply, when its command was sent, and the participant's group has read what lay there at that time, so that it had the command, and the
 *   orchestrators have read the replies that lay there when it had;
 * - a signal, and a deadline, when the orchestrators have read what lay there at that time.
 *
 * And a further attempt waits while its participant was sent too much twice.
 */
export class Patience {
  readonly budget: RetryBudget;
  /** Topics of commands that lie unread, and when that was last seen. */
  private readonly queues = new Map<string, number>();

  constructor(private readonly options: PatienceOptions) {
    this.budget = new RetryBudget(options.log);
  }

  /** What of an instance that a timer found does not count yet, and until when. */
  postponed(
    definition: AnySaga,
    instance: SagaInstance,
    occasion: Occasion,
  ): Pick<TimerEvent, 'postponed' | 'deadlinePostponedTo'> {
    const { now } = occasion;
    const postponed: Postponed[] = [];
    for (const due of dueCommands(instance, now)) {
      const why = this.verdict(definition, instance, due, occasion);
      if (why !== undefined) postponed.push({ index: due.index, direction: due.direction, ...why });
    }
    const { deadlineAt } = instance;
    const deadlineWaits = deadlineAt !== undefined && deadlineAt <= now && !this.hasReadAll(deadlineAt);
    return {
      ...(postponed.length > 0 && { postponed }),
      ...(deadlineWaits && { deadlinePostponedTo: soon(now, deadlineAt) }),
    };
  }

  /** A reply changed something: whoever answers what was sent again may be sent more. */
  answered(definition: AnySaga, { command, attempt = 1 }: ReplyEvent, now: number): void {
    if (attempt === 1) return;
    const template = templateOf(nodeNamed(definition, command.step), command.direction);
    if (template === undefined) return;
    this.budget.answered(topics.commands(this.options.namespace, template.command.participant), now);
  }

  private verdict(
    definition: AnySaga,
    instance: SagaInstance,
    { index, step, direction, state }: IndexedCommand,
    { now, random, unsentMs }: Occasion,
  ): Pick<Postponed, 'until' | 'reason'> | undefined {
    const node = nodeNamed(definition, step);
    const visit = instance.visits[index];
    const exchange = visit && exchangeOf(visit, direction);
    const dueAt = exchange?.dueAt ?? now;
    if (node.kind === 'wait') {
      return this.hasReadAll(dueAt) ? undefined : { until: soon(now, dueAt), reason: 'backlog' };
    }
    if (state === 'pending' && isSent(node)) {
      const { timeoutMs = SOON_MS } = effectivePolicy(definition, node, direction);
      if (unsentMs !== undefined) {
        const wait = Math.max(timeoutMs, unsentMs, Math.min(LONGEST_QUEUE_MS, now - dueAt));
        return { until: now + wait, reason: 'unsent' };
      }
      if (exchange?.unsent) return { until: now + timeoutMs, reason: 'sent' };
    }
    const command = templateOf(node, direction)?.command;
    if (command === undefined) return undefined;
    const topic = topics.commands(this.options.namespace, command.participant);
    if (state === 'waiting') {
      if (this.budget.take(topic, now)) return undefined;
      const wait = this.budget.waitMs(topic, now) * (0.5 + random);
      return { until: now + Math.round(wait), reason: 'budget' };
    }
    const read = this.whenRead(command.participant, topic, instance.id, dueAt, now);
    if (read === 'queued') {
      const { timeoutMs = SOON_MS } = effectivePolicy(definition, node, direction);
      const until = now + Math.max(timeoutMs, Math.min(LONGEST_QUEUE_MS, now - dueAt));
      return { until, reason: 'queued' };
    }
    if (read !== 'unknown' && this.hasRead(topics.replies(this.options.namespace), read)) return undefined;
    return { until: soon(now, dueAt), reason: 'backlog' };
  }

  /** When the participant was seen to have read what lay there at `dueAt`. */
  private whenRead(
    participant: string,
    topic: string,
    key: string,
    dueAt: number,
    now: number,
  ): number | 'queued' | 'unknown' {
    const progress = this.progress(`${this.options.namespace}.${participant}`, topic);
    if (progress === undefined) return dueAt;
    const { knownAt } = progress;
    if (knownAt === undefined) return 'unknown';
    // There may be no such participant: then silence is all that there will be.
    if (!progress.hasConfirmed) return dueAt;
    const at = progress.reachedAt(dueAt, { key });
    if (at !== undefined) {
      this.noteQueue(topic, false, now);
      return at;
    }
    if (knownAt < dueAt + QUEUE_MS || knownAt < now - FRESH_MS) return 'unknown';
    this.noteQueue(topic, true, now);
    return 'queued';
  }

  private hasReadAll(time: number): boolean {
    const { namespace } = this.options;
    return this.hasRead(topics.replies(namespace), time) && this.hasRead(topics.requests(namespace), time);
  }

  /** Whether the orchestrators have read what lay in their topic at that time. */
  private hasRead(topic: string, time: number): boolean {
    const progress = this.progress(orchestratorGroup(this.options.namespace), topic);
    return progress === undefined || progress.reachedAt(time, { stalledMs: STALLED_MS }) !== undefined;
  }

  private progress(group: string, topic: string): Progress | undefined {
    const { transport, clock } = this.options;
    const progress = transport.progress?.(group, topic);
    return progress && progressAt(clock.now(), progress);
  }

  /** Of commands that lie unread the first is logged, and their end, once there were none for a while. */
  private noteQueue(topic: string, isQueued: boolean, now: number): void {
    const { log } = this.options;
    const lastAt = this.queues.get(topic);
    if (isQueued) {
      this.queues.set(topic, now);
      if (lastAt === undefined) {
        log.warn(`commands lie unread in '${topic}': their sagas wait, and no attempt is counted`);
      }
    } else if (lastAt !== undefined && lastAt <= now - OVER_MS) {
      this.queues.delete(topic);
      log.log(`what lay unread in '${topic}' is read`);
    }
  }
}

/** Whether a node's exchange is a command, which goes out by the outbox. */
export function isSent({ kind }: SagaNode): boolean {
  return kind === 'step' || kind === 'child';
}

function soon(now: number, dueAt: number): number {
  return now + Math.min(LONGEST_BACKLOG_MS, Math.max(SOON_MS, now - dueAt));
}
