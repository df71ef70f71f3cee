import type { SagaInstance, transition } from '@skald/core';
import {
  type Changes,
  type Clock,
  ConcurrentChangeError,
  type CrashProbe,
  type Log,
  messageOf,
  MessageRefusedError,
  pastStartText,
  StartedBeforeError,
  type Store,
  StoreTooSlowError,
  type StoreTurn,
  type Transport,
} from '@skald/ports';
import type { DefinitionRegistry } from './definition-registry.js';
import type { Patience } from './patience.js';
import type { LiveDefinitions } from './live-definitions.js';
import type { Relay } from './relay.js';
import { DecidedTurn, StaleViewError } from './turn.js';

export interface TurnRunnerOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly live: LiveDefinitions;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly everyStep: boolean;
  readonly crashProbe: CrashProbe;
  readonly outbox: Relay;
  readonly traceRetentionMs: number;
  readonly patience: Patience;
  readonly transition?: typeof transition;
  /** Told the earliest wake-up of what a turn has written, in milliseconds since 1970. */
  readonly onWakeup: (at: number) => void;
}

/** How often a turn that lost a race against another worker is run again before the race is reported. */
const RACES = 5;

/** Runs turns: one transaction that loads, decides and saves; then the messages go out. */
export class TurnRunner {
  private sendFails = false;
  private sending: Promise<void> = Promise.resolve();

  constructor(private readonly options: TurnRunnerOptions) {}

  /**
   * @param load locks and reads what the turn is about; gets the rows of the outbox that the turn settles
   * @param decide gets the instances, and changes them through the turn
   * @param extra further changes that belong to the same transaction
   */
  async run<L extends { readonly instances: readonly SagaInstance[] }, R>(
    load: (turn: StoreTurn, arrived: readonly string[]) => Promise<L>,
    decide: (decided: DecidedTurn, loaded: L) => R,
    extra: (loaded: L, result: R) => Partial<Changes> = () => ({}),
  ): Promise<R> {
    let isViewFresh = false;
    let pastStarts: ReadonlySet<string> | undefined;
    for (let race = 1; ; race += 1) {
      try {
        return await this.runOnce(load, decide, extra, isViewFresh, pastStarts);
      } catch (error) {
        if (error instanceof StoreTooSlowError) {
          this.options.log.warn(`a turn took too long, and is tried in smaller parts: ${messageOf(error)}`);
        }
        if (race === RACES) throw error;
        if (error instanceof StaleViewError) {
          await this.options.live.refresh();
          isViewFresh = true;
        } else if (error instanceof StartedBeforeError) {
          pastStarts = new Set([...(pastStarts ?? []), ...error.starts.map(pastStartText)]);
        } else if (!(error instanceof ConcurrentChangeError)) throw error;
      }
    }
  }

  private async runOnce<L extends { readonly instances: readonly SagaInstance[] }, R>(
    load: (turn: StoreTurn, arrived: readonly string[]) => Promise<L>,
    decide: (decided: DecidedTurn, loaded: L) => R,
    extra: (loaded: L, result: R) => Partial<Changes>,
    isViewFresh: boolean,
    pastStarts: ReadonlySet<string> | undefined,
  ): Promise<R> {
    const { namespace, store, clock, crashProbe, outbox } = this.options;
    const settled = outbox.takeArrived();
    try {
      const { decided, changes, result, row } = await store.transact(async (turn) => {
        const loaded = await load(turn, settled);
        const now = clock.now();
        const decided = new DecidedTurn(loaded.instances, now, this.options, isViewFresh, pastStarts);
        const result = decide(decided, loaded);
        const changes = { ...decided.changes(settled), ...extra(loaded, result) };
        if (isEmpty(changes)) return { decided, changes, result, row: undefined };
        const row = await turn.save(namespace, changes, now);
        await crashProbe('before commit');
        return { decided, changes, result, row };
      });
      this.noteWakeups(changes);
      if (row !== undefined) await this.sendBeside(decided, row);
      return result;
    } catch (error) {
      outbox.noteArrived(settled);
      throw error;
    }
  }

  /** Whether the store gets a small piece of other work done now. */
  async isStoreWell(): Promise<boolean> {
    try {
      await this.options.live.refresh();
      return true;
    } catch (error) {
      this.options.log.warn(`the store does not do small work either: ${messageOf(error)}`);
      return false;
    }
  }

  /** Resolves when what was committed is sent, or left to the relay. */
  async sent(): Promise<void> {
    await this.sending;
  }

  /**
   * What one turn owes is sent while the next one is stored. When that is still not done by then, the next one waits, so
   * that no more than two turns are under way.
   */
  private async sendBeside(decided: DecidedTurn, row: string): Promise<void> {
    const before = this.sending;
    // Only a crash probe throws, in tests where the process is taken for dead from then on.
    const own = this.sendOwed(decided, row).catch(() => undefined);
    this.sending = both(before, own);
    await before;
  }

  private noteWakeups({ created, updated, postponed = [] }: Changes): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { wakeAt } of [...created, ...updated.map(({ instance }) => instance)]) {
      if (wakeAt !== null && wakeAt < earliest) earliest = wakeAt;
    }
    for (const { wakeAt } of postponed) earliest = Math.min(earliest, wakeAt);
    this.options.onWakeup(earliest);
  }

  /** The fast path after a commit. If it fails, the outbox still says what is owed and the relay sends it. */
  private async sendOwed(decided: DecidedTurn, row: string): Promise<void> {
    const { transport, crashProbe, outbox, log, patience, clock } = this.options;
    await crashProbe('after commit');
    try {
      const { messages, isWhole } = decided.messages();
      await transport.send(messages);
      patience.budget.sent(messages, clock.now());
      this.sendFails = false;
      if (!isWhole) return;
    } catch (error) {
      // The relay meets that refusal, too, and ends it: it tells of it then.
      if (error instanceof MessageRefusedError) return;
      // Of failures in a row the first is logged.
      if (!this.sendFails) {
        log.warn(`messages cannot be sent now, the relay will send them: ${messageOf(error)}`);
      }
      this.sendFails = true;
      return;
    }
    await crashProbe('after send');
    outbox.noteArrived([row]);
  }
}

/** Keeps no results: in a chain of turns each would hold the one before, for ever. */
async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  await first;
  await second;
}

function isEmpty(changes: Changes): boolean {
  return Object.values(changes).every((list: readonly unknown[]) => list.length === 0);
}
