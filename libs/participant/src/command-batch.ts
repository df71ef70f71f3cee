import { type Message, printable, type ReplyOutcome } from '@skald/core';
import {
  type CrashProbe,
  type DeadLetter,
  type Delivery,
  type Log,
  type Transport,
  UnstorableError,
} from '@skald/ports';
import type { EntityManager } from 'typeorm';
import { type Barrier, NeighbourTimedOutError, type Passed } from './barrier.js';
import { answerFrom, type FinalOutcome, IdTakenError, type KnownRow } from './barrier-ledger.js';
import { HandlerFailedError } from './barrier-transaction.js';
import { isContention } from './contention.js';
import { bySaga, jobsOf } from './groups.js';
import type { HandlerLimits } from './handler-call.js';
import { failureText, UnusableReplyError } from './handler-reply.js';
import { JobQueue } from './job-queue.js';
import { ReplySender } from './reply-sender.js';
import type { ServedCommands } from './served-commands.js';
import { HandlerTimedOutError } from './time-limit.js';
import { type Work, workOf, withoutCopies } from './work.js';

export interface Handled {
  readonly dead: readonly DeadLetter[];
  /** How many commands were not begun, because the service ends. */
  readonly leftOver: number;
}

interface Surroundings extends HandlerLimits {
  /** Absent in a participant without a database. */
  readonly barrier: Barrier | undefined;
  readonly concurrency: number;
  readonly transport: Pick<Transport, 'send'>;
  readonly source: string;
  readonly crashProbe: CrashProbe | undefined;
  readonly log: Pick<Log, 'warn'>;
  /** True once the service ends: then nothing more is begun. */
  readonly isEnding: () => boolean;
}

/** Another transaction has the command in hand, and has not ended for as long as is waited. */
class InHandElsewhereError extends Error {}

/** Unstorable is the barrier's own row of a command, whatever the handler does. */
type Settled = Passed | UnstorableError | InHandElsewhereError;

/**
 * Handles a batch of commands: those of one saga in their order, those of different sagas side by side. They pass the
 * barrier each in a transaction of its own, or several in one, as their handlers say. Of the former, those that were
 * handled before are found with one statement for all. What is committed is answered at once.
 */
export class CommandBatch {
  private readonly dead: DeadLetter[] = [];
  private readonly replies: ReplySender;
  private readonly jobs: JobQueue;
  private known: ReadonlyMap<string, KnownRow> = new Map();
  private settled = 0;
  private leftOver = 0;

  private constructor(private readonly around: Surroundings) {
    this.replies = new ReplySender(around);
    this.jobs = new JobQueue(around.concurrency);
  }

  /**
   * @throws what the database or the broker throws; the batch may come again, and the barrier answers what is done by then
   */
  static async handle(
    batch: readonly Delivery[],
    commands: ServedCommands,
    around: Surroundings,
  ): Promise<Handled> {
    const turn = new CommandBatch(around);
    const works: Work[] = [];
    for (const delivery of batch) {
      const served = commands.find(delivery);
      if (served !== 'probe' && 'reason' in served) turn.dead.push(served);
      else works.push(workOf(delivery, served, around));
    }
    const { single, apart } = withoutCopies(works);
    try {
      await turn.run(single);
      turn.known = new Map();
      for (const work of apart) await turn.handleInTurn([work]);
    } finally {
      await turn.replies.done();
    }
    turn.refuseUnhandled(single.length + apart.length);
    return { dead: [...turn.dead, ...turn.replies.dead], leftOver: turn.leftOver };
  }

  private async run(works: readonly Work[]): Promise<void> {
    const { barrier } = this.around;
    const single = works.filter(({ transaction }) => transaction === 'own');
    // A lone command learns it from the barrier anyway, and so do those that share a transaction.
    if (barrier !== undefined && single.length > 1) this.known = await storedFor(barrier, single);
    const { alone, together } = jobsOf(bySaga(works));
    for (const group of together) this.jobs.add(() => this.handleTogether(group));
    for (const queue of alone) this.jobs.add(() => this.handleInTurn(queue));
    await this.jobs.done();
  }

  private async handleTogether(works: readonly Work[]): Promise<void> {
    if (this.around.isEnding()) {
      this.leftOver += works.length;
      return;
    }
    const now = this.around.now();
    const fresh = works.filter((work) => !this.isTooLate(work, now));
    if (fresh.length < 2) return this.handleInTurn(fresh);
    let all: readonly Passed[];
    try {
      all = await this.barrier.passAll(fresh, callIn, this.passing);
    } catch (error) {
      this.handleApart(fresh, error);
      return;
    }
    for (const [index, work] of fresh.entries()) {
      const passed = all[index];
      if (passed !== undefined) this.settle(work, passed);
    }
  }

  /**
   * One of those that shared a transaction has spoilt it for all: it did not end in time, its changes cannot be committed, or
   * its row cannot be taken. Alone it shows whose fault it is; side by side, since others may take as long.
   *
   * @throws the error when it is nobody's of them
   */
  private handleApart(works: readonly Work[], error: unknown): void {
    const isTimedOut = error instanceof NeighbourTimedOutError;
    const isOfOne =
      error instanceof HandlerFailedError || error instanceof UnstorableError || isContention(error);
    if (!isTimedOut && !isOfOne) throw error;
    const late = isTimedOut ? works.filter((work) => work === error.command) : [];
    for (const work of late) if (isTimedOut) this.settle(work, error.failure);
    const rest = works.filter((work) => !late.includes(work));
    for (const queue of bySaga(rest)) this.jobs.add(() => this.handleInTurn(queue));
  }

  private async handleInTurn(works: readonly Work[]): Promise<void> {
    for (const work of works) {
      if (this.around.isEnding()) {
        this.leftOver += 1;
      } else if (!this.isTooLate(work, this.around.now())) {
        const known = this.known.get(work.id);
        this.settle(work, known === undefined ? await this.pass(work) : answerFrom(known, work));
      }
    }
  }

  private async pass(work: Work): Promise<Settled> {
    try {
      return work.transaction === 'none'
        ? await work.call().catch(asFailure)
        : await this.barrier.pass(work, callIn, this.passing);
    } catch (error) {
      const isSettled =
        error instanceof HandlerFailedError ||
        error instanceof IdTakenError ||
        error instanceof UnstorableError;
      if (isSettled) return error;
      if (isContention(error)) return new InHandElsewhereError();
      throw error;
    }
  }

  /** Whether the saga turns back anyway, so that there is no use in beginning; then it is answered. */
  private isTooLate(work: Work, now: number): boolean {
    if (work.deadlineAt === undefined || work.deadlineAt > now) return false;
    this.settled += 1;
    const message = 'the deadline of the saga has passed, so the command was not begun';
    this.replies.add(work, { kind: 'failed', code: 'deadline_passed', message });
    return true;
  }

  private settle(work: Work, settled: Settled): void {
    this.settled += 1;
    if (settled instanceof UnstorableError) {
      const reason = `the barrier cannot keep the command: ${printable(settled.message, 500)}`;
      this.dead.push({ delivery: work.delivery, code: 'unstorable', reason });
      return;
    }
    if (settled instanceof IdTakenError && settled.code === 'id_conflict') {
      this.dead.push({ delivery: work.delivery, code: 'id_reused', reason: settled.message });
    }
    this.replies.add(work, settled instanceof Error ? this.failureOf(work.message, settled) : settled);
  }

  private failureOf(message: Message, settled: Error): ReplyOutcome {
    if (settled instanceof InHandElsewhereError) {
      const text =
        'the command is in hand elsewhere, and has been for longer than is waited; its reply comes from there';
      return { kind: 'failed', code: 'in_hand_elsewhere', message: text };
    }
    const cause = settled instanceof HandlerFailedError ? settled.cause : settled;
    const text = failureText(cause);
    const who = `'${printable(message.type, 200)}' (${printable(message.id, 500)})`;
    this.around.log.warn(`${who} failed at attempt ${message.attempt ?? 1}: ${printable(text, 500)}`);
    return { kind: 'failed', code: codeOf(cause), message: text };
  }

  /** Every command ends in an answer, in a dead letter or in the next batch; without one nothing may be confirmed. */
  private refuseUnhandled(commands: number): void {
    const missing = commands - this.settled - this.leftOver;
    if (missing !== 0) throw new Error(`${missing} command(s) of the batch were not handled; it comes again`);
  }

  private get passing(): Parameters<Barrier['pass']>[2] {
    const { crashProbe } = this.around;
    return { known: this.known, beforeCommit: crashProbe && (() => crashProbe('before commit')) };
  }

  private get barrier(): Barrier {
    const { barrier } = this.around;
    if (barrier === undefined) throw new Error('a participant without a data source has no barrier');
    return barrier;
  }
}

/** What was handled before. When the database refuses an id among them, each is asked for alone, where it shows whose. */
async function storedFor(barrier: Barrier, works: readonly Work[]): Promise<ReadonlyMap<string, KnownRow>> {
  try {
    return await barrier.stored(works);
  } catch (error) {
    if (error instanceof UnstorableError) return new Map();
    throw error;
  }
}

function codeOf(cause: unknown): string {
  const hasCode =
    cause instanceof HandlerTimedOutError ||
    cause instanceof UnusableReplyError ||
    cause instanceof IdTakenError;
  return hasCode ? cause.code : 'handler_failed';
}

function callIn(transaction: EntityManager, { call }: Work): Promise<FinalOutcome> {
  return call(transaction);
}

function asFailure(error: unknown): HandlerFailedError {
  return new HandlerFailedError(error);
}
