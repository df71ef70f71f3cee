import { type OutgoingMessage, owedMessage, parseId, removedMessage, shortened } from '@skald/core';
import {
  type Changes,
  type Clock,
  type InstanceKey,
  keyText,
  type Log,
  messageOf,
  MessageRefusedError,
  type OwedRow,
  type Store,
  type StoreTurn,
  type Transport,
} from '@skald/ports';
import type { DefinitionRegistry } from './definition-registry.js';
import type { UnsendableMessage } from './unsendable-messages.js';

/** Most rows in one sweep. */
const BATCH = 100;
/** So many messages that cannot be sent are a backlog. */
const MANY = 200;
/** So many halvings bring what the largest turn owes down to one message. More of them in a row find nothing. */
const HALVINGS = 10;

export interface RelayOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  readonly afterMs: number;
  /** Whether nothing can be sent at all now, as far as is known. A send that fails then is no single message's fault. */
  readonly isBrokerAway: () => boolean;
  /** Ends what can never be sent in another way. */
  readonly end: (messages: readonly UnsendableMessage[]) => Promise<void>;
}

interface Derived {
  readonly messages: OutgoingMessage[];
  /** As what each is owed, by its own id. That of an answer to a parent is another one. */
  readonly owedIds: ReadonlyMap<string, string>;
  /** Ids of messages whose definition this process does not know. */
  readonly unknown: string[];
  /** Those that their definition can no longer make. */
  readonly faulty: UnsendableMessage[];
}

/** What one sweep did. */
interface Sweep {
  readonly pause: number;
  readonly refused: readonly UnsendableMessage[];
  /** The row of the outbox that holds the refused ones until they are ended. */
  readonly row?: string | undefined;
}

/**
 * The outbox's other end. The engine sends what a turn owes right after its commit and notes here that it arrived;
 * the next turn clears the row. What a crash or a broker outage left is swept up by any replica: derived again from
 * instance and definition, sent, and cleared.
 *
 * A send that fails may be one message's fault. So after a failure fewer go together, until that one is alone and waits at
 * the end of the queue. What the broker refuses by name, for good, is ended at once.
 */
export class Relay {
  private arrived: string[] = [];
  /** How many rows the next sweep takes. */
  private limit = BATCH;
  /** Sweeps in a row whose send failed, and how many of them have halved a row. */
  private failures = 0;
  private halvings = 0;
  /** The sweep right before this one has sent something. */
  private isFlowing = false;
  /** See `isBehind`. */
  private isFull = false;

  constructor(private readonly options: RelayOptions) {}

  /** Whether more is owed, as far as is known, than one sweep sends: it may be much, and reading it all takes long. */
  isBehind(): boolean {
    return this.isFull;
  }

  /** Takes the rows whose messages have arrived. Whoever takes them clears them, or gives them back. */
  takeArrived(): string[] {
    const rows = this.arrived;
    this.arrived = [];
    return rows;
  }

  noteArrived(rows: readonly string[]): void {
    this.arrived.push(...rows);
  }

  /** Clears what has arrived while no turn came by to do it. */
  async flush(): Promise<void> {
    const settled = this.takeArrived();
    if (settled.length === 0) return;
    const { namespace, store, clock } = this.options;
    try {
      await store.transact((turn) => turn.save(namespace, clearing(settled), clock.now()));
    } catch (error) {
      this.noteArrived(settled);
      throw error;
    }
  }

  /** Sends what was committed and never confirmed. Returns how many milliseconds later to look again. */
  async sweep(): Promise<number> {
    await this.flush();
    const { pause, refused, row } = await this.sweepOnce();
    if (refused.length > 0) {
      await this.options.end(refused);
      if (row !== undefined) this.noteArrived([row]);
    }
    return pause;
  }

  private async sweepOnce(): Promise<Sweep> {
    const { namespace, store, transport, clock, log, afterMs, pollMs } = this.options;
    return await store.transact(async (turn) => {
      const now = clock.now();
      const { limit } = this;
      const owed = await turn.lockOwed(namespace, now - afterMs, limit);
      const wasFlowing = this.isFlowing;
      this.isFlowing = false;
      if (owed.length === 0) {
        this.isFull = false;
        return { pause: pollMs, refused: [] };
      }
      let derived: Derived;
      let refused: readonly UnsendableMessage[];
      try {
        derived = await this.derive(turn, owed);
        refused = [...derived.faulty, ...(await refusedBy(transport, derived))];
      } catch (error) {
        const pause = await this.sendLess(turn, owed, now, messageOf(error));
        return { pause: wasFlowing ? 0 : pause, refused: [] };
      }
      this.limit = Math.min(2 * limit, BATCH);
      this.failures = 0;
      this.halvings = 0;
      const { messages, unknown } = derived;
      // What this process cannot derive goes back to the end of the queue, for one that knows the definition.
      await turn.save(namespace, { ...clearing(owed.map(({ row }) => row)), owed: unknown }, now);
      // What can never be sent is owed until it is ended in another way, which takes a transaction of its own.
      const ids = refused.map(({ id }) => id);
      const row =
        ids.length === 0 ? undefined : await turn.save(namespace, { ...clearing([]), owed: ids }, now);
      log.log(`the relay sent ${messages.length} messages of ${owed.length} unconfirmed turns`);
      this.isFlowing = owed.length === limit;
      this.isFull = this.isFlowing;
      return { pause: this.isFlowing ? 0 : pollMs, refused, row };
    });
  }

  /**
   * After a failed send the next is smaller: half the rows, then half the messages of the one row, until a single message
   * is left, which goes to the end of the queue. Returns how many milliseconds later to send.
   */
  private async sendLess(
    turn: StoreTurn,
    owed: readonly OwedRow[],
    now: number,
    reason: string,
  ): Promise<number> {
    const { namespace, log, afterMs, pollMs, isBrokerAway } = this.options;
    const ids = owed.flatMap((one) => one.ids);
    this.limit = Math.max(1, Math.floor(owed.length / 2));
    this.failures += 1;
    // When fewer go together after a failure, that says nothing of how many there are.
    if (owed.length === BATCH || ids.length >= MANY) this.isFull = true;
    const isKept = owed.length > 1 || isBrokerAway();
    const text = `the relay could not send ${ids.length} message(s) of ${owed.length} unconfirmed turn(s)`;
    if (!isKept && ids.length === 1) {
      log.warn(`${text}, ${ids.join()}, and lets others go first: ${reason}`);
      await turn.save(namespace, { ...clearing(owed.map(({ row }) => row)), owed: ids }, now);
      return pollMs;
    }
    // Of failures in a row the first is logged, and those of single messages.
    if (this.failures === 1) log.warn(`${text} and tries again with fewer: ${reason}`);
    if (isKept) return pollMs;

    // Both halves are as due as the whole was.
    const due = now - afterMs - 1;
    const half = Math.ceil(ids.length / 2);
    await turn.save(namespace, { ...clearing(owed.map(({ row }) => row)), owed: ids.slice(0, half) }, due);
    await turn.save(namespace, { ...clearing([]), owed: ids.slice(half) }, due);
    this.halvings += 1;
    return this.halvings <= HALVINGS ? 0 : pollMs;
  }

  private async derive(turn: StoreTurn, rows: readonly OwedRow[]): Promise<Derived> {
    const { definitions, log } = this.options;
    const owed = rows.flatMap(({ ids }) => ids).map((id) => ({ id, ref: parseId(id) }));
    const keys = new Map<string, InstanceKey>();
    for (const { ref } of owed) {
      const key = { namespace: ref.namespace, id: ref.sagaId };
      keys.set(keyText(key), key);
    }
    const found = await turn.find([...keys.values()]);
    const instances = new Map(found.map((instance) => [keyText(instance), instance]));
    const messages: OutgoingMessage[] = [];
    const owedIds = new Map<string, string>();
    const unknown: string[] = [];
    const faulty: UnsendableMessage[] = [];
    for (const { id, ref } of owed) {
      const instance = instances.get(keyText({ namespace: ref.namespace, id: ref.sagaId }));
      const definition = definitions.byReference(ref.definition);
      if (instance === undefined) {
        const removed = removedMessage(id);
        if (removed !== undefined) messages.push(removed);
        continue;
      }
      if (definition === undefined) {
        log.warn(`the relay leaves ${id} to a process that knows '${ref.definition}'`);
        unknown.push(id);
        continue;
      }
      try {
        const message = owedMessage(definition, instance, id);
        if (message === undefined) continue;
        messages.push(message);
        owedIds.set(message.message.id, id);
      } catch (error) {
        faulty.push({ id, reason: `it cannot be made: ${shortened(messageOf(error), 300)}` });
      }
    }
    return { messages, owedIds, unknown, faulty };
  }
}

function clearing(rows: readonly string[]): Changes {
  return { created: [], updated: [], history: [], owed: [], settled: rows };
}

/** Sends what it can. @returns what the broker refuses for good */
async function refusedBy(transport: Transport, { messages, owedIds }: Derived): Promise<UnsendableMessage[]> {
  try {
    await transport.send(messages);
    return [];
  } catch (error) {
    if (!(error instanceof MessageRefusedError)) throw error;
    return error.refused.map(({ message, reason }) => ({
      id: owedIds.get(message.id) ?? message.id,
      reason,
    }));
  }
}
