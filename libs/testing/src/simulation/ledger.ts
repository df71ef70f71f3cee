import type { Message, ReplyOutcome } from '@skald/core';

type FinalOutcome = Exclude<ReplyOutcome, { kind: 'failed' }>;

/** One effect that a participant had, once it is committed. */
export interface LedgerEntry {
  readonly commandId: string;
  readonly type: string;
  /** Of a compensation: the id of the command that was undone. */
  readonly compensates: string | undefined;
}

const BLOCKED: FinalOutcome = {
  kind: 'rejected',
  code: 'compensated_before',
  message: 'the compensation of this command came first',
};
const NOTHING_TO_UNDO: FinalOutcome = { kind: 'succeeded', data: null };

/**
 * The databases of all participants: what was done, each effect an entry, behind the same barrier as that of
 * `@skald/participant`. A compensation or a probe first inserts a row for its action: if that succeeds the action never
 * happened, and the row stops it should it still come.
 */
export class Ledger {
  readonly entries: LedgerEntry[] = [];
  private readonly rows = new Map<string, FinalOutcome>();
  private readonly counts = new Map<string, number>();

  /**
   * Handles a command at most once in effect.
   *
   * @param decide asked for the outcome, unless the barrier answers
   */
  handle(command: Message, decide: () => ReplyOutcome): ReplyOutcome {
    const stored = this.rows.get(command.id);
    if (stored !== undefined) return stored;
    if (command.probes !== undefined) return this.probe(command.id, command.probes, decide);
    if (command.compensates !== undefined) {
      const isEmpty = this.block(command.compensates);
      const action = this.rows.get(command.compensates);
      if (isEmpty || action?.kind === 'rejected') return this.keep(command.id, NOTHING_TO_UNDO);
    }
    const outcome = decide();
    if (outcome.kind === 'failed') return outcome;
    if (outcome.kind === 'succeeded') {
      const { id, type, compensates } = command;
      this.entries.push({ commandId: id, type, compensates });
      this.count(`done ${id}`);
      if (compensates !== undefined) this.count(`undone ${compensates}`);
    }
    return this.keep(command.id, outcome);
  }

  /** How often the command took effect. */
  done(commandId: string): number {
    return this.counts.get(`done ${commandId}`) ?? 0;
  }

  /** How often the command's effect was undone. */
  undone(commandId: string): number {
    return this.counts.get(`undone ${commandId}`) ?? 0;
  }

  private probe(id: string, action: string, decide: () => ReplyOutcome): ReplyOutcome {
    const attempt = decide();
    if (attempt.kind !== 'succeeded') return attempt;
    this.block(action);
    const row = this.rows.get(action);
    const data =
      row?.kind === 'succeeded' ? { happened: true, reply: row.data ?? null } : { happened: false };
    return this.keep(id, { kind: 'succeeded', data });
  }

  /** True when the action had not come yet. */
  private block(action: string): boolean {
    if (this.rows.has(action)) return false;
    this.rows.set(action, BLOCKED);
    return true;
  }

  private count(what: string): void {
    this.counts.set(what, 1 + (this.counts.get(what) ?? 0));
  }

  private keep(id: string, outcome: FinalOutcome): FinalOutcome {
    this.rows.set(id, outcome);
    return outcome;
  }
}
