import { type ConsumeOptions, type Consumer, messageOf } from '@skald/ports';
import { Arrivals } from './arrivals.js';
import { Assignment } from './assignment.js';
import { BatchHandler } from './batch-handler.js';
import type { DeadLetterWriter } from './dead-letters.js';
import { isAway, isCausedBy, KafkaLoginError, TransportClosedError, UnknownTopicError } from './errors.js';
import { type Assigned, GroupMember } from './group-member.js';
import { Intake } from './intake.js';
import { OffsetCommitter } from './offset-committer.js';
import type { KafkaSettings } from './options.js';
import { atMost, Pause } from './pause.js';
import { StartOffsets } from './start-offsets.js';
import type { TopicAdmin } from './topic-admin.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const SETTLE_WITHIN_MS = 3_000;

/**
 * Consumes in batches over all partitions. kafkajs does not fetch again until it was given back what it fetched, so
 * fetching only fills a queue, and a loop of its own takes from it: while a batch is handled the next one gathers.
 *
 * It stays in its group until it is stopped: a kafkajs consumer that crashes is replaced.
 */
export class BatchConsumer implements Consumer {
  private readonly assignment = new Assignment();
  private readonly arrivals: Arrivals;
  private readonly intake: Intake;
  private readonly committer: OffsetCommitter;
  private readonly handler: BatchHandler;
  private readonly pause = new Pause();
  private member: GroupMember | undefined;
  private start: StartOffsets | undefined;
  private stopping: Promise<void> | undefined;
  private membership: Promise<void> | undefined;
  private work: Promise<void> | undefined;
  private ready: { resolve(): void; reject(error: Error): void } | undefined;
  /** From joining until a crash; it keeps its place through a rebalance. */
  private hasPlace = false;
  private isFailing = false;

  constructor(
    private readonly settings: KafkaSettings,
    private readonly options: ConsumeOptions,
    private readonly admin: TopicAdmin,
    deadLetters: DeadLetterWriter,
  ) {
    const { maximumBufferedBytes: bytes } = settings;
    this.arrivals = new Arrivals({ count: 4 * options.maximumBatch, bytes });
    this.committer = new OffsetCommitter(
      this.assignment,
      async (positions) => this.member?.commit(positions),
      settings.crashProbe,
      settings.log,
    );
    this.intake = new Intake(
      this.assignment,
      this.arrivals,
      this.pause,
      () => this.stopping !== undefined,
      () => this.committer.request(),
    );
    this.handler = new BatchHandler(options, this.assignment, deadLetters, settings.log);
  }

  /**
   * Resolves when it has its place in the group, maybe with no partition. Waits for a broker that is away.
   *
   * @throws UnknownTopicError, TransportClosedError when it was stopped meanwhile, KafkaLoginError
   */
  async begin(): Promise<void> {
    const joined = new Promise<void>((resolve, reject) => {
      this.ready = { resolve, reject };
    });
    this.work = this.handleAll();
    this.membership = this.stayInGroup();
    await joined;
  }

  isReady(): boolean {
    const isInGroup = this.stopping === undefined && this.hasPlace && this.member?.isHeard === true;
    return isInGroup && this.problem() === undefined;
  }

  problem(): string | undefined {
    return this.handler.problem();
  }

  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  private async shutDown(): Promise<void> {
    this.ready?.reject(new TransportClosedError(`${this.name} was stopped before it had joined`));
    this.member?.pause();
    this.arrivals.close();
    this.handler.giveUpRetries();
    await this.work;
    const settled = await atMost(SETTLE_WITHIN_MS, this.committer.settle());
    if (!settled) this.settings.log.warn(`${this.name} stops unconfirmed; its last messages will come again`);
    this.committer.close();
    this.pause.end();
    await this.member?.leave();
    await this.membership;
  }

  private async handleAll(): Promise<void> {
    for (;;) {
      const batch = await this.arrivals.take(this.options.maximumBatch);
      if (batch.length === 0) return;
      const fresh = batch.filter((arrival) => !this.assignment.isRepeated(arrival));
      if (fresh.length > 0 && (await this.handler.handle(fresh))) {
        this.assignment.done(fresh);
        this.committer.request();
      }
    }
  }

  private async stayInGroup(): Promise<void> {
    let wait = FIRST_PAUSE_MS;
    while (this.stopping === undefined) {
      try {
        await this.oneMembership();
      } catch (error) {
        if (this.ready !== undefined && isFinal(error)) {
          this.ready.reject(this.finalError(error));
          return;
        }
        if (this.stopping !== undefined) return;
        wait = this.isFailing ? Math.min(2 * wait, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
        this.report(error);
        await this.pause.sleep(wait);
      }
    }
  }

  /** Ends when it is stopped, and throws when it crashes. */
  private async oneMembership(): Promise<void> {
    const { group, topics, from } = this.options;
    if (from === 'now') this.start ??= await StartOffsets.read(this.admin, group, topics);
    const member = new GroupMember(this.settings, group, topics, {
      joined: (id, assigned) => this.joined(member, id, assigned),
      rebalancing: () => this.unsettle(),
      fetched: (payload) => this.intake.receive(payload),
    });
    if (this.stopping !== undefined) return;
    this.member = member;
    try {
      await member.start();
      const reason = await member.ended;
      if (reason !== undefined) throw reason;
    } finally {
      this.hasPlace = false;
      this.assignment.leave();
      this.dropWaiting();
      await member.leave();
    }
  }

  private joined(member: GroupMember, id: string, assigned: Assigned): void {
    if (this.stopping !== undefined) return;
    const positions = this.assignment.join(id, assigned);
    this.intake.joined();
    this.dropWaiting();
    member.seek(positions);
    this.committer.request();
    if (this.start === undefined || this.start.areKnown) {
      member.resume();
      this.settledIn();
    } else {
      member.pause();
      void this.beginAtStart(member, this.start, assigned);
    }
  }

  private async beginAtStart(member: GroupMember, start: StartOffsets, assigned: Assigned): Promise<void> {
    const { epoch } = this.assignment;
    const isCurrent = (): boolean => this.stopping === undefined && epoch === this.assignment.epoch;
    while (isCurrent()) {
      try {
        const positions = await start.missing(assigned);
        if (!isCurrent()) return;
        member.seek(positions);
        if (positions.length > 0) await member.commit(positions);
        if (!isCurrent()) return;
        member.resume();
        this.settledIn();
        return;
      } catch (error) {
        this.settings.log.warn(`${this.name} cannot note where it begins, trying again: ${messageOf(error)}`);
        await this.pause.sleep(500);
      }
    }
  }

  private unsettle(): void {
    this.assignment.unsettle();
    this.dropWaiting();
  }

  private dropWaiting(): void {
    this.arrivals.clear();
    this.handler.wake();
  }

  private settledIn(): void {
    this.hasPlace = true;
    this.ready?.resolve();
    this.ready = undefined;
    if (this.isFailing) {
      this.settings.log.log(`${this.name} is back in its group`);
      this.isFailing = false;
    }
  }

  /** Of failures in a row the first is logged, and their end. */
  private report(reason: unknown): void {
    if (this.isFailing) return;
    this.isFailing = true;
    this.settings.log.warn(`${this.name} is not in its group and tries again: ${messageOf(reason)}`);
  }

  private finalError(error: unknown): Error {
    if (isCausedBy(error, 'UNKNOWN_TOPIC_OR_PARTITION')) {
      return new UnknownTopicError(this.options.topics, { cause: error });
    }
    const refused = KafkaLoginError.from(error);
    return refused instanceof Error ? refused : new Error(String(refused));
  }

  private get name(): string {
    return `the consumer of group '${this.options.group}'`;
  }
}

/** Errors that no waiting mends when a consumer is first started: what it was told is wrong. */
function isFinal(error: unknown): boolean {
  if (isAway(error)) return false;
  return (
    isCausedBy(error, 'UNKNOWN_TOPIC_OR_PARTITION') ||
    isCausedBy(error, 'KafkaJSSASLAuthenticationError') ||
    isCausedBy(error, 'TOPIC_AUTHORIZATION_FAILED') ||
    isCausedBy(error, 'GROUP_AUTHORIZATION_FAILED') ||
    isCausedBy(error, 'INVALID_TOPIC_EXCEPTION')
  );
}
