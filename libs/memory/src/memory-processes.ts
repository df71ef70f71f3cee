import { type Message, RequestType } from '@skald/core';
import {
  ALIVE_MS,
  ASKED_MS,
  type AskedRequest,
  type KeptCount,
  type KeptMessage,
  type Processes,
  type ProcessNote,
  REMEMBERED_MS,
  TAKEN_MS,
} from '@skald/ports';

interface Kept {
  readonly namespace: string;
  readonly definition: string;
  readonly sagaId: string;
  readonly isStart: boolean;
  readonly isAsked: boolean;
  readonly keptAt: number;
  /** As JSON, so that what comes back is what a database would give back. */
  readonly message: string;
  takenAt?: number;
  answer?: string;
}

interface Note {
  readonly namespace: string;
  readonly note: ProcessNote;
  readonly seenAt: number;
}

/** What engines that share a store in memory leave for each other. */
export class MemoryProcesses implements Processes {
  private readonly notes = new Map<string, Note>();
  private readonly kept = new Map<string, Kept>();
  private lastRow = 0;

  constructor(private readonly now: () => number) {}

  /** How many messages are kept. */
  get size(): number {
    return this.kept.size;
  }

  beat(namespace: string, own: ProcessNote, isPatient = false): Promise<ProcessNote[]> {
    const now = this.now();
    this.notes.set(own.id, { namespace, note: own, seenAt: now });
    const keptMs = isPatient ? REMEMBERED_MS : ALIVE_MS;
    for (const [id, { seenAt }] of this.notes) if (seenAt <= now - keptMs) this.notes.delete(id);
    for (const [row, { isAsked, keptAt }] of this.kept) {
      if (isAsked && keptAt <= now - 6 * ASKED_MS) this.kept.delete(row);
    }
    const others = [...this.notes.values()].filter(
      (other) => other.namespace === namespace && other.note.id !== own.id,
    );
    return Promise.resolve(
      others.map(({ note, seenAt }) => (seenAt > now - ALIVE_MS ? note : { ...note, isSilent: true })),
    );
  }

  leave(id: string): Promise<void> {
    this.notes.delete(id);
    return Promise.resolve();
  }

  /** @internal */
  keep(namespace: string, definition: string, message: Message, isAsked: boolean): string {
    this.lastRow += 1;
    const row = String(this.lastRow);
    this.kept.set(row, {
      namespace,
      definition,
      sagaId: message.sagaid,
      isStart: message.type === RequestType.start,
      isAsked,
      keptAt: this.now(),
      message: JSON.stringify(message),
    });
    return row;
  }

  take(namespace: string, definitions: readonly string[], limit: number): Promise<KeptMessage[]> {
    const now = this.now();
    const free = [...this.kept].filter(
      ([, one]) => one.namespace === namespace && definitions.includes(one.definition) && isFree(one, now),
    );
    return Promise.resolve(
      free.slice(0, limit).map(([row, one]) => {
        one.takenAt = now;
        return { row, message: JSON.parse(one.message) as Message, isAsked: one.isAsked };
      }),
    );
  }

  countKept(namespace: string): Promise<KeptCount[]> {
    const counts = new Map<string, KeptCount>();
    // Oldest first.
    for (const { definition, keptAt, ...one } of this.kept.values()) {
      if (one.isAsked || one.namespace !== namespace) continue;
      const { count, oldestMs } = counts.get(definition) ?? { count: 0, oldestMs: this.now() - keptAt };
      counts.set(definition, { definition, count: count + 1, oldestMs });
    }
    return Promise.resolve([...counts.values()].toSorted((a, b) => (a.definition < b.definition ? -1 : 1)));
  }

  done(rows: readonly string[]): Promise<void> {
    for (const row of rows) this.kept.delete(row);
    return Promise.resolve();
  }

  keptStarts(namespace: string, sagaIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const starts = [...this.kept.values()].filter(
      (one) => one.isStart && !one.isAsked && one.namespace === namespace && sagaIds.includes(one.sagaId),
    );
    return Promise.resolve(new Map(starts.map(({ sagaId, definition }) => [sagaId, definition])));
  }

  ask(namespace: string, definition: string, request: Message): Promise<string> {
    return Promise.resolve(this.keep(namespace, definition, request, true));
  }

  answer(row: string, answer: object): Promise<void> {
    const asked = this.kept.get(row);
    if (asked !== undefined) asked.answer = JSON.stringify(answer);
    return Promise.resolve();
  }

  asked(row: string): Promise<AskedRequest | undefined> {
    const asked = this.kept.get(row);
    if (asked === undefined) return Promise.resolve(undefined);
    const { takenAt, answer } = asked;
    return Promise.resolve({
      isTaken: takenAt !== undefined,
      ...(answer !== undefined && { answer: JSON.parse(answer) as unknown }),
    });
  }

  async withdraw(row: string): Promise<AskedRequest | undefined> {
    const asked = await this.asked(row);
    this.kept.delete(row);
    return asked;
  }
}

function isFree({ isAsked, keptAt, takenAt }: Kept, now: number): boolean {
  if (isAsked) return takenAt === undefined && keptAt > now - ASKED_MS;
  return takenAt === undefined || takenAt <= now - TAKEN_MS;
}
