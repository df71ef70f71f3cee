import type { ReplyOutcome } from '@skald/core';

/** The outcomes that are kept. A failure is not: the command may be tried again. */
export type FinalOutcome = Exclude<ReplyOutcome, { kind: 'failed' }>;

export interface BarrierCommand {
  readonly id: string;
  /** On a compensation: the id of the command that it undoes. */
  readonly compensates?: string | undefined;
  /** On a probe: the id of the command that it asks about. */
  readonly probes?: string | undefined;
}

/** A row of the barrier as a transaction leaves it. */
export interface BarrierRow {
  readonly id: string;
  /** See `BarrierEntity`. */
  readonly state: 'handled' | 'blocked';
  /** Null while the command is in hand. */
  readonly reply: FinalOutcome | null;
}

const BLOCKED: FinalOutcome = {
  kind: 'rejected',
  code: 'compensated_before',
  message: 'the compensation of this command came first',
};
const NOT_HAPPENED: FinalOutcome = {
  kind: 'rejected',
  code: 'probed_before',
  message: 'a probe of this command came first and was told that it had not happened',
};
const NOTHING_TO_UNDO: FinalOutcome = { kind: 'succeeded', data: null };

/**
 * The barrier's arithmetic for the commands that share a transaction, without a database: which rows to take, what to
 * answer in the handler's place, and how the rows are left.
 */
export class BarrierLedger {
  private readonly outcomes: Map<string, FinalOutcome>;
  private readonly taken = new Map<string, BarrierRow>();
  private readonly changed = new Map<string, BarrierRow>();
  private readonly failures = new Set<string>();

  /** @param known stored replies that were found before */
  constructor(commands: readonly BarrierCommand[], known: ReadonlyMap<string, FinalOutcome>) {
    this.outcomes = new Map(known);
    for (const { id, compensates, probes } of commands) {
      if (compensates !== undefined) this.plan({ id: compensates, state: 'blocked', reply: BLOCKED });
      // A probe needs no row of its own: what it was told is in that of the action, for good.
      if (probes === undefined) this.plan({ id, state: 'handled', reply: null });
      else this.plan({ id: probes, state: 'blocked', reply: NOT_HAPPENED });
    }
  }

  /** The rows to insert. Of an action and its compensation in one transaction, the first to come decides. */
  get claims(): readonly BarrierRow[] {
    return [...this.taken.values()];
  }

  /** @returns the ids whose rows were there before, so that their stored replies are needed */
  claimed(fresh: ReadonlySet<string>): string[] {
    const found: string[] = [];
    for (const { id, reply } of this.taken.values()) {
      if (!fresh.has(id)) found.push(id);
      else if (reply !== null) this.outcomes.set(id, reply);
    }
    return found;
  }

  learn(stored: ReadonlyMap<string, FinalOutcome>): void {
    for (const [id, outcome] of stored) this.outcomes.set(id, outcome);
  }

  /** What to answer without the handler; nothing when it must run. */
  answerTo({ id, compensates, probes }: BarrierCommand): FinalOutcome | undefined {
    if (probes !== undefined) return this.answerToProbe(probes);
    const before = this.outcomes.get(id);
    if (before !== undefined || compensates === undefined) return before;
    const action = this.outcomes.get(compensates);
    if (action?.kind === 'succeeded') return undefined;
    // It failed in this very transaction: it changed nothing, and must not be tried again.
    if (action === undefined) this.leave({ id: compensates, state: 'blocked', reply: BLOCKED });
    this.decide(id, NOTHING_TO_UNDO);
    return NOTHING_TO_UNDO;
  }

  decide(id: string, reply: FinalOutcome): void {
    this.leave({ id, state: 'handled', reply });
  }

  fail(id: string): void {
    this.failures.add(id);
  }

  /** The rows to fill. */
  get kept(): readonly BarrierRow[] {
    return [...this.changed.values()];
  }

  /** The rows to delete, so that the commands can be tried again. */
  get givenBack(): readonly string[] {
    return [...this.failures].filter((id) => !this.changed.has(id));
  }

  private answerToProbe(id: string): FinalOutcome {
    const action = this.outcomes.get(id);
    // It failed in this very transaction.
    if (action === undefined) this.leave({ id, state: 'blocked', reply: NOT_HAPPENED });
    if (action?.kind !== 'succeeded') return { kind: 'succeeded', data: { happened: false } };
    return {
      kind: 'succeeded',
      data: { happened: true, ...(action.data !== null && { reply: action.data }) },
    };
  }

  private plan(row: BarrierRow): void {
    if (!this.outcomes.has(row.id) && !this.taken.has(row.id)) this.taken.set(row.id, row);
  }

  private leave(row: BarrierRow & { readonly reply: FinalOutcome }): void {
    this.changed.set(row.id, row);
    this.outcomes.set(row.id, row.reply);
  }
}
