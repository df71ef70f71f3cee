import { type Message, type OutgoingMessage, replyMessage, type ReplyOutcome } from '@skald/core';
import { type CrashProbe, type DeadLetter, type Delivery, type Log, messageOf } from '@skald/runtime';
import type { EntityManager } from 'typeorm';
import type { Barrier, Passed } from './barrier.js';
import type { BarrierCommand, FinalOutcome } from './barrier-ledger.js';
import { HandlerFailedError } from './barrier-transaction.js';
import type { HandlerTransaction } from './command-handler.decorator.js';
import { eachLimited } from './each-limited.js';
import { callHandler } from './handler-call.js';
import type { ServedCommand, ServedCommands } from './served-commands.js';

/**
 * About how many commands share a transaction. Few enough that a large batch makes several, which run side by side and
 * lock rows briefly. With handlers that insert a row each, 40 was 6 % faster than 25, and 60 or 100 a third slower. A
 * transaction gets at most half as many more, which is below 64, the subtransactions that PostgreSQL keeps at hand for it.
 */
const IN_ONE_TRANSACTION = 40;

export interface Handled {
  readonly replies: readonly OutgoingMessage[];
  readonly dead: readonly DeadLetter[];
  /** How many commands were not begun, because the service ends. */
  readonly leftOver: number;
}

interface Surroundings {
  /** Absent in a participant without a database. */
  readonly barrier: Barrier | undefined;
  readonly concurrency: number;
  readonly source: string;
  readonly crashProbe: CrashProbe | undefined;
  readonly log: Pick<Log, 'warn'>;
  /** True once the service ends: then nothing more is begun. */
  readonly isEnding: () => boolean;
}

/** A command on its way through the service, as the barrier wants to see it. */
interface Work extends BarrierCommand {
  readonly message: Message;
  readonly transaction: HandlerTransaction;
  readonly call: (transaction?: EntityManager) => Promise<FinalOutcome>;
}

/**
 * Handles a batch of commands: those of one saga in their order, those of different sagas side by side. They pass the
 * barrier each in a transaction of its own, or several in one, as their handlers say. Of the former, those that were
 * handled before are found with one statement for all.
 */
export class CommandBatch {
  private readonly replies: OutgoingMessage[] = [];
  private known: ReadonlyMap<string, FinalOutcome> = new Map();
  private leftOver = 0;

  private constructor(private readonly around: Surroundings) {}

  /** @throws what the database throws; the batch may come again, and the barrier answers what is done by then */
  static async handle(
    batch: readonly Delivery[],
    commands: ServedCommands,
    around: Surroundings,
  ): Promise<Handled> {
    const dead: DeadLetter[] = [];
    const works: Work[] = [];
    for (const delivery of batch) {
      const served = commands.find(delivery);
      if (served !== 'probe' && 'reason' in served) dead.push(served);
      else works.push(workOf(delivery.message, served));
    }
    const turn = new CommandBatch(around);
    await turn.run(works);
    return { replies: turn.replies, dead, leftOver: turn.leftOver };
  }

  private async run(works: readonly Work[]): Promise<void> {
    const { barrier, concurrency } = this.around;
    const single = works.filter(({ transaction }) => transaction === 'own');
    // A lone command learns it from the barrier anyway, and so do those that share a transaction.
    if (barrier !== undefined && single.length > 1) this.known = await barrier.stored(single);
    const { alone, together } = jobsOf(bySaga(works));
    const jobs = [
      ...together.map((group) => () => this.handleTogether(group)),
      ...alone.map((queue) => () => this.handleInTurn(queue)),
    ];
    await eachLimited(jobs, concurrency, (job) => job());
  }

  private async handleTogether(works: readonly Work[]): Promise<void> {
    if (this.around.isEnding()) {
      this.leftOver += works.length;
      return;
    }
    const fresh = works.filter((work) => !this.known.has(work.id));
    if (fresh.length < 2) return this.handleInTurn(works);
    for (const work of works) {
      const stored = this.known.get(work.id);
      if (stored !== undefined) this.answer(work, stored);
    }
    let all: readonly Passed[];
    try {
      all = await this.barrier.passAll(fresh, callIn, this.passing);
    } catch (error) {
      if (!(error instanceof HandlerFailedError)) throw error;
      // Somebody's changes cannot be committed: one by one it shows whose.
      return this.handleInTurn(fresh);
    }
    for (const [index, work] of fresh.entries()) {
      const passed = all[index];
      if (passed !== undefined) this.answer(work, passed);
    }
  }

  private async handleInTurn(works: readonly Work[]): Promise<void> {
    for (const work of works) {
      if (this.around.isEnding()) this.leftOver += 1;
      else this.answer(work, this.known.get(work.id) ?? (await this.pass(work)));
    }
  }

  private async pass(work: Work): Promise<Passed> {
    try {
      return work.transaction === 'none'
        ? await work.call().catch(asFailure)
        : await this.barrier.pass(work, callIn, this.passing);
    } catch (error) {
      if (error instanceof HandlerFailedError) return error;
      throw error;
    }
  }

  private answer({ message }: Work, passed: Passed): void {
    this.replies.push(replyMessage(message, this.outcomeOf(message, passed), this.around.source));
  }

  private outcomeOf(message: Message, passed: Passed): ReplyOutcome {
    if (!(passed instanceof HandlerFailedError)) return passed;
    const text = messageOf(passed.cause).slice(0, 500);
    this.around.log.warn(`${message.id} failed at attempt ${message.attempt ?? 1}: ${text}`);
    return { kind: 'failed', code: 'handler_failed', message: text };
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

function workOf(message: Message, served: ServedCommand | 'probe'): Work {
  const { id, compensates, probes } = message;
  if (served === 'probe') {
    return { id, probes, message, transaction: 'own', call: neverCalled };
  }
  const { transaction } = served;
  return { id, compensates, message, transaction, call: (own) => callHandler(message, served, own) };
}

function neverCalled(): Promise<never> {
  return Promise.reject(new Error('the barrier answers every probe itself'));
}

function callIn(transaction: EntityManager, { call }: Work): Promise<FinalOutcome> {
  return call(transaction);
}

function asFailure(error: unknown): HandlerFailedError {
  return new HandlerFailedError(error);
}

/** Commands of one saga in their order; those of different sagas may run side by side. */
function bySaga(works: readonly Work[]): Work[][] {
  const groups = new Map<string, Work[]>();
  for (const work of works) {
    const group = groups.get(work.message.sagaid);
    if (group === undefined) groups.set(work.message.sagaid, [work]);
    else group.push(work);
  }
  return [...groups.values()];
}

/** Sagas whose commands may all share a transaction, put together in groups of one size; any other saga by itself. */
function jobsOf(sagas: readonly Work[][]): { alone: Work[][]; together: Work[][] } {
  const alone: Work[][] = [];
  const sharing: Work[][] = [];
  for (const saga of sagas) {
    (saga.some(({ transaction }) => transaction !== 'shared') ? alone : sharing).push(saga);
  }
  const commands = sharing.reduce((sum, saga) => sum + saga.length, 0);
  const groups = Math.max(1, Math.round(commands / IN_ONE_TRANSACTION));
  const size = commands / groups;
  const together: Work[][] = [];
  let filled = 0;
  for (const saga of sharing) {
    // The group in which the saga's first command falls.
    const index = Math.floor(filled / size);
    (together[index] ??= []).push(...saga);
    filled += saga.length;
  }
  return { alone, together: together.filter((group) => group.length > 0) };
}
