import {
  MalformedMessageError,
  type Message,
  orchestratorSource,
  readMessage,
  RequestType,
  topics,
} from '@skald/core';
import {
  type Clock,
  type DeadLetter,
  type Delivery,
  HandlerCalls,
  type KeptMessage,
  type Log,
  type Store,
  TAKEN_MS,
  type Transport,
} from '@skald/ports';
import { answerOf, type AskedAnswer, failureOf, readAsked } from './asked-requests.js';
import type { DefinitionRegistry } from './definition-registry.js';
import type { LiveDefinitions } from './live-definitions.js';
import type { WorkResult } from './turn.js';
import type { Work } from './work.js';

const BATCH = 200;
/** How soon to look again while another process may hand something over at any moment. */
const QUICK_MS = 200;

const REQUESTS: ReadonlySet<string> = new Set(Object.values(RequestType));

export interface KeptMessagesOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly live: LiveDefinitions;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  /** What a batch goes through that has just arrived. */
  readonly handle: (batch: readonly Delivery[]) => Promise<readonly DeadLetter[]>;
  /** Runs the work in a turn; one result each, in order. */
  readonly submit: (works: readonly Work[]) => Promise<readonly WorkResult[]>;
}

/**
 * Takes up what other processes have kept for this one. A message goes the way of one that has just arrived: it is worked on,
 * answered, or refused and dead-lettered; only then it is forgotten, so a crash before that gives it again. A request from
 * inside another process is worked on at most once, and its answer written where the asker looks.
 */
export class KeptMessages {
  private readonly calls: HandlerCalls;
  private isStopped = false;

  constructor(private readonly options: KeptMessagesOptions) {
    const { handle, log, clock } = options;
    const pause = (milliseconds: number): Promise<void> =>
      new Promise((resolve) => clock.after(milliseconds, resolve));
    this.calls = new HandlerCalls({ handle, group: 'kept messages', log, pause });
  }

  /** What is in hand is finished, but not begun again. */
  stop(): void {
    this.isStopped = true;
  }

  /** Returns how many milliseconds later to look again. */
  async takeUp(): Promise<number> {
    const { namespace, store, definitions, live, log, pollMs } = this.options;
    const wanted = [...definitions.references(), ...definitions.structures()];
    const kept = await store.processes.take(namespace, wanted, BATCH);
    if (kept.length === 0) return live.isAskedByOthers() ? Math.min(QUICK_MS, pollMs) : pollMs;
    // What fails leaves the rest in hand: only when all of it is over may more be taken up.
    const outcomes = await Promise.allSettled([
      this.workOn(kept.filter(({ isAsked }) => !isAsked)),
      ...kept.filter(({ isAsked }) => isAsked).map((one) => this.answer(one)),
    ]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    log.log(`took up ${kept.length} messages that were kept for a process that knows their definition`);
    return kept.length === BATCH ? 0 : Math.min(QUICK_MS, pollMs);
  }

  private async workOn(kept: readonly KeptMessage[]): Promise<void> {
    if (kept.length === 0) return;
    const { namespace, store, transport, clock, log } = this.options;
    // Before anybody else may take them up.
    const end = clock.elapsed() + TAKEN_MS / 2;
    const unreadable: DeadLetter[] = [];
    const readable: Delivery[] = [];
    for (const one of kept) {
      const problem = problemOf(one);
      if (problem === undefined)
        readable.push({ topic: topicOf(namespace, one.message), message: one.message });
      else unreadable.push(this.unreadable(one, problem));
    }
    const handled = await this.calls.handle(readable, () => !this.isStopped && clock.elapsed() < end);
    // Given up: they are taken up again later.
    if (handled === undefined) return;
    const letters = [...unreadable, ...handled];
    if (letters.length > 0) await transport.deadLetter(letters);
    for (const { code } of letters) {
      log.warn(`a message that was kept for this process was refused: ${code}; it is a dead letter now`);
    }
    await store.processes.done(kept.map(({ row }) => row));
  }

  /** What the store has in place of a message: nobody can work on it, and a person sees what it was. */
  private unreadable({ row, message: data }: KeptMessage, problem: MalformedMessageError): DeadLetter {
    const { namespace } = this.options;
    const message: Message = {
      specversion: '1.0',
      id: `kept/${row}`,
      source: orchestratorSource(namespace),
      type: 'skald.kept.unreadable',
      namespace,
      sagaid: 'unknown',
      data,
    };
    return {
      delivery: { topic: topics.requests(namespace), message },
      code: problem.code,
      reason: problem.message,
    };
  }

  private async answer({ row, message }: KeptMessage): Promise<void> {
    await this.options.store.processes.answer(row, await this.outcomeOf(message));
  }

  private async outcomeOf(message: Message): Promise<AskedAnswer> {
    const { definitions, live, log, submit } = this.options;
    try {
      const [result] = await submit([readAsked(message, definitions, live)]);
      return answerOf(result);
    } catch (error) {
      return failureOf(error, log);
    }
  }
}

/** Why a kept message is none, if it is not: what comes from the store may have been written by another build, or by hand. */
function problemOf({ message }: KeptMessage): MalformedMessageError | undefined {
  try {
    readMessage(message);
    return undefined;
  } catch (error) {
    if (error instanceof MalformedMessageError) return error;
    throw error;
  }
}

/** Where the message came from. */
function topicOf(namespace: string, { type }: Message): string {
  return REQUESTS.has(type) ? topics.requests(namespace) : topics.replies(namespace);
}
