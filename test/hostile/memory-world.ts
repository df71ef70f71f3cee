import { topics } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { SAGAS } from './sagas.js';
import { type Ledger, startStock } from './stock.js';
import type { Effect, Inbound, RawRecord, Seen, World } from './world.js';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const NAMESPACE = 'shop';

/** Stands for an API of somebody else, which takes the command's id as its idempotency key. */
class MemoryLedger implements Ledger {
  readonly transactions = { stock: 'none', money: 'none' } as const;
  readonly effects = new Map<string, Effect>();

  async enter({ commandId, sagaId }: { commandId: string; sagaId: string }, type: string): Promise<void> {
    if (!this.effects.has(commandId)) this.effects.set(commandId, { commandId, sagaId, type });
  }
}

/** All in this process. */
export async function memoryWorld(): Promise<World> {
  const broker = new MemoryBroker({ keep: 1_000_000 });
  const store = new MemoryStore();
  const transport = new MemoryTransport({ broker, log: SILENT });
  const definitions = new DefinitionRegistry();
  for (const saga of SAGAS) definitions.register(saga);
  const engine = new SagaEngine({ namespace: NAMESPACE, store, transport, definitions, log: SILENT });
  const names: Record<Inbound, string> = {
    requests: topics.requests(NAMESPACE),
    replies: topics.replies(NAMESPACE),
    commands: topics.commands(NAMESPACE, 'stock'),
  };
  await transport.ensureTopics(Object.values(names));
  const ledger = new MemoryLedger();
  const stock = await startStock(ledger, { namespace: NAMESPACE, transport });
  await engine.start();
  const read = (topic: string): Promise<Seen[]> => Promise.resolve(broker.messages(topic));
  const lagOf = (group: string, topic: string): number => {
    const stand = broker.standOf(group, topic);
    const confirmed = stand?.confirmed ?? [];
    return (stand?.ends ?? []).reduce((sum, end, index) => sum + end - (confirmed[index] ?? 0), 0);
  };
  return {
    namespace: NAMESPACE,
    produce: async (records) => broker.append(records.map((one) => inMemory(one, names[one.topic]))),
    find: (ids) => store.find(ids.map((id) => ({ namespace: NAMESPACE, id }))),
    stored: (topic) => read(topic === 'events' ? topics.events(NAMESPACE) : names[topic]),
    deadLetters: (topic) => read(topics.deadLetters(names[topic])),
    effects: () => Promise.resolve([...ledger.effects.values()]),
    lag: async () =>
      lagOf(`${NAMESPACE}.stock`, names.commands) +
      lagOf(`${NAMESPACE}.orchestrator`, names.requests) +
      lagOf(`${NAMESPACE}.orchestrator`, names.replies),
    owed: async () => {
      const rows = await store.transact((turn) => turn.lockOwed(NAMESPACE, Number.MAX_SAFE_INTEGER, 10_000));
      return rows.length;
    },
    problem: () =>
      engine.isReady()
        ? stock.problem()
        : `the orchestrator is not ready: ${engine.problem() ?? 'no reason'}`,
    close: async () => {
      await engine.stop();
      await stock.close();
      await transport.close();
    },
  };
}

function inMemory(
  { key, value, headers }: RawRecord,
  topic: string,
): Parameters<MemoryBroker['append']>[0][number] {
  if (typeof value !== 'string') throw new Error('memory carries only texts');
  const texts = Object.entries(headers).map(([name, one]): [string, string] => {
    if (typeof one !== 'string') throw new Error('memory carries each header once');
    return [name, one];
  });
  return { topic, key, value, headers: Object.fromEntries(texts) };
}
