import { type OutgoingMessage, owedMessage, parseId } from '@skald/core';
import type { DefinitionRegistry } from './definition-registry.js';
import type { Changes, Clock, InstanceKey, Log, OwedRow, Store, Transport } from './ports.js';
import { keyText } from './turn.js';

const BATCH = 100;

export interface RelayOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  readonly afterMs: number;
}

/**
 * The outbox's other end. The engine sends what a turn owes right after its commit and notes here that it arrived;
 * the next turn clears the row. What a crash or a broker outage left is swept up by any replica: derived again from
 * instance and definition, sent, and cleared.
 */
export class Relay {
  private arrived: string[] = [];

  constructor(private readonly options: RelayOptions) {}

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
    const { namespace, store, transport, clock, log, afterMs, pollMs } = this.options;
    const rows = await store.transact(async (turn) => {
      const now = clock.now();
      const owed = await turn.lockOwed(namespace, now - afterMs, BATCH);
      if (owed.length === 0) return 0;
      const { messages, unknown } = await this.derive(owed);
      await transport.send(messages);
      // What this process cannot derive goes back to the end of the queue, for one that knows the definition.
      await turn.save(namespace, { ...clearing(owed.map(({ row }) => row)), owed: unknown }, now);
      log.log(`the relay sent ${messages.length} messages of ${owed.length} unconfirmed turns`);
      return owed.length;
    });
    return rows === BATCH ? 0 : pollMs;
  }

  private async derive(
    rows: readonly OwedRow[],
  ): Promise<{ messages: OutgoingMessage[]; unknown: string[] }> {
    const { store, definitions, log } = this.options;
    const owed = rows.flatMap(({ ids }) => ids).map((id) => ({ id, ref: parseId(id) }));
    const keys = new Map<string, InstanceKey>();
    for (const { ref } of owed) {
      const key = { namespace: ref.namespace, id: ref.sagaId };
      keys.set(keyText(key), key);
    }
    const found = await store.find([...keys.values()]);
    const instances = new Map(found.map((instance) => [keyText(instance), instance]));
    const messages: OutgoingMessage[] = [];
    const unknown: string[] = [];
    for (const { id, ref } of owed) {
      const instance = instances.get(keyText({ namespace: ref.namespace, id: ref.sagaId }));
      const definition = definitions.byReference(ref.definition);
      if (instance === undefined) continue;
      if (definition === undefined) {
        log.warn(`the relay leaves ${id} to a process that knows '${ref.definition}'`);
        unknown.push(id);
        continue;
      }
      const message = owedMessage(definition, instance, id);
      if (message !== undefined) messages.push(message);
    }
    return { messages, unknown };
  }
}

function clearing(rows: readonly string[]): Changes {
  return { created: [], updated: [], history: [], owed: [], settled: rows };
}
