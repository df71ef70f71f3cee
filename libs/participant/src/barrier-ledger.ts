import { OwnRejection, type ReplyOutcome, SkaldError } from '@skald/core';
import { isOfOneKind, isOfOneSaga } from './fingerprint.js';

/** The outcomes that are kept. A failure is not: the command may be tried again. */
export type FinalOutcome = Exclude<ReplyOutcome, { kind: 'failed' }>;

export interface BarrierCommand {
  readonly id: string;
  /** On a compensation: the id of the command that it undoes. */
  readonly compensates?: string | undefined;
  /** On a probe: the id of the command that it asks about. */
  readonly probes?: string | undefined;
  /** See `fingerprintOf`. Without it the id alone counts. */
  readonly fingerprint?: string | undefined;
}

/** A row of the barrier as a transaction leaves it. */
export interface BarrierRow {
  readonly id: string;
  /** See `BarrierEntity`. */
  readonly state: 'handled' | 'blocked';
  /** Null while the command is in hand. */
  readonly reply: FinalOutcome | null;
  /** Of the command that was handled; null in a blocked row, for whose command nobody has seen it. */
  readonly fingerprint: string | null;
}

/** What a row says for good. */
export interface KnownRow {
  readonly reply: FinalOutcome;
  /** Null in a blocked row, and in one from before fingerprints were kept. */
  readonly fingerprint: string | null;
}

/**
 * The id of the command was used by another one. Its reply is nobody else's, so the command has failed.
 *
 * - `id_conflict`: by a command of another saga or type. Somebody makes up ids.
 * - `payload_changed`: by this very command with another payload, which took effect or was refused. An operator has edited
 *   the saga's data after an attempt whose reply was lost, the definition does not give the same payload each time, or
 *   somebody makes up commands.
 */
export class IdTakenError extends SkaldError {
  constructor(readonly code: 'id_conflict' | 'payload_changed') {
    super(
      code === 'id_conflict'
        ? 'its id was used before by a command of another saga or another type, so it is not handled'
        : 'it was handled before with another payload, so it is neither handled again nor given that reply',
    );
  }
}

const BLOCKED: FinalOutcome = {
  kind: 'rejected',
  code: OwnRejection.compensatedBefore,
  message: 'the compensation of this command came first',
};
const NOT_HAPPENED: FinalOutcome = {
  kind: 'rejected',
  code: OwnRejection.probedBefore,
  message: 'a probe of this command came first and was told that it had not happened',
};
const NOTHING_TO_UNDO: FinalOutcome = { kind: 'succeeded', data: null };

/** What a row says to a command that comes with its id. */
export function answerFrom(
  { reply, fingerprint }: KnownRow,
  command: BarrierCommand,
): FinalOutcome | IdTakenError {
  if (fingerprint === null || command.fingerprint === undefined || fingerprint === command.fingerprint) {
    return reply;
  }
  return new IdTakenError(isOfOneKind(fingerprint, command.fingerprint) ? 'payload_changed' : 'id_conflict');
}

/**
 * The barrier's arithmetic for the commands that share a transaction, without a database: which rows to take, what to
 * answer in the handler's place, and how the rows are left.
 */
export class BarrierLedger {
  private readonly outcomes: Map<string, KnownRow>;
  private readonly taken = new Map<string, BarrierRow>();
  private readonly changed = new Map<string, BarrierRow>();
  private readonly failures = new Set<string>();

  /** @param known rows that were found before */
  constructor(commands: readonly BarrierCommand[], known: ReadonlyMap<string, KnownRow>) {
    this.outcomes = new Map(known);
    for (const { id, compensates, probes, fingerprint = null } of commands) {
      if (compensates !== undefined) this.planBlock(compensates, BLOCKED);
      // A probe needs no row of its own: what it was told is in that of the action, for good.
      if (probes === undefined) this.plan({ id, state: 'handled', reply: null, fingerprint });
      else this.planBlock(probes, NOT_HAPPENED);
    }
  }

  /** The rows to insert. Of an action and its compensation in one transaction, the first to come decides. */
  get claims(): readonly BarrierRow[] {
    return [...this.taken.values()];
  }

  /** @returns the ids whose rows were there before, so that their stored replies are needed */
  claimed(fresh: ReadonlySet<string>): string[] {
    const found: string[] = [];
    for (const { id, reply, fingerprint } of this.taken.values()) {
      if (!fresh.has(id)) found.push(id);
      else if (reply !== null) this.outcomes.set(id, { reply, fingerprint });
    }
    return found;
  }

  learn(stored: ReadonlyMap<string, KnownRow>): void {
    for (const [id, row] of stored) this.outcomes.set(id, row);
  }

  /** What to answer without the handler; nothing when it must run. */
  answerTo(command: BarrierCommand): FinalOutcome | IdTakenError | undefined {
    const { id, compensates, probes } = command;
    if (probes !== undefined) return this.answerToProbe(probes, command);
    const before = this.outcomes.get(id);
    if (before !== undefined) return answerFrom(before, command);
    if (compensates === undefined) return undefined;
    const action = this.outcomes.get(compensates);
    if (action?.reply.kind === 'succeeded' && !isForeign(action, command)) return undefined;
    // It failed in this very transaction: it changed nothing, and must not be tried again.
    if (action === undefined) this.block(compensates, BLOCKED);
    this.decide(command, NOTHING_TO_UNDO);
    return NOTHING_TO_UNDO;
  }

  decide({ id, fingerprint }: BarrierCommand, reply: FinalOutcome): void {
    this.leave({ id, state: 'handled', reply, fingerprint: fingerprint ?? null });
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

  private answerToProbe(id: string, probe: BarrierCommand): FinalOutcome {
    const action = this.outcomes.get(id);
    // It failed in this very transaction.
    if (action === undefined) this.block(id, NOT_HAPPENED);
    if (action?.reply.kind !== 'succeeded' || isForeign(action, probe)) {
      return { kind: 'succeeded', data: { happened: false } };
    }
    const { data } = action.reply;
    return { kind: 'succeeded', data: { happened: true, ...(data !== null && { reply: data }) } };
  }

  private planBlock(id: string, reply: FinalOutcome): void {
    this.plan({ id, state: 'blocked', reply, fingerprint: null });
  }

  private plan(row: BarrierRow): void {
    if (!this.outcomes.has(row.id) && !this.taken.has(row.id)) this.taken.set(row.id, row);
  }

  private block(id: string, reply: FinalOutcome): void {
    this.leave({ id, state: 'blocked', reply, fingerprint: null });
  }

  private leave(row: BarrierRow & { readonly reply: FinalOutcome }): void {
    this.changed.set(row.id, row);
    this.outcomes.set(row.id, row);
  }
}

/** Another saga's command took the id of the action: this saga's never happened, and cannot any more. */
function isForeign({ fingerprint }: KnownRow, command: BarrierCommand): boolean {
  return (
    fingerprint !== null &&
    command.fingerprint !== undefined &&
    !isOfOneSaga(fingerprint, command.fingerprint)
  );
}
