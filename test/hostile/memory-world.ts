import { replyMessage, topics } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { type DeadLetter, DefinitionRegistry, SagaEngine, validateData } from '@skald/runtime';
import { Charge, GoodSaga, Item, NOT_PAID, OpenSaga, Release, Reserve } from './sagas.js';
import type { Inbound, Seen, World } from './world.js';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };
const NAMESPACE = 'shop';

/** All in this process, with a participant that keeps the contract. */
export async function memoryWorld(): Promise<World> {
  const broker = new MemoryBroker({ keep: 1_000_000 });
  const store = new MemoryStore();
  const transport = new MemoryTransport({ broker, log: SILENT });
  const definitions = new DefinitionRegistry();
  definitions.register(GoodSaga);
  definitions.register(OpenSaga);
  const engine = new SagaEngine({ namespace: NAMESPACE, store, transport, definitions, log: SILENT });
  const names: Record<Inbound, string> = {
    requests: topics.requests(NAMESPACE),
    replies: topics.replies(NAMESPACE),
    commands: topics.commands(NAMESPACE, 'stock'),
  };
  await transport.ensureTopics(Object.values(names));
  const types = new Set<string>([Reserve.type, Release.type, Charge.type]);
  const participant = await transport.consume({
    group: 'stock',
    topics: [names.commands],
    from: 'beginning',
    maximumBatch: 50,
    handle: async (batch) => {
      const letters: DeadLetter[] = [];
      for (const delivery of batch) {
        const { message } = delivery;
        const isOurs = types.has(message.type) && message.replyto === names.replies;
        if (!isOurs || message.namespace !== NAMESPACE) {
          letters.push({ delivery, code: 'unusable', reason: 'it is no command for this participant' });
          continue;
        }
        const checked = validateData(Item, message.data);
        const no = 'problems' in checked ? 'invalid_request' : notPaid(message.type, checked.value);
        await transport.send([
          replyMessage(
            message,
            no === undefined
              ? { kind: 'succeeded', data: message.type === Reserve.type ? { place: 1 } : null }
              : { kind: 'rejected', code: no, message: '' },
            '/stock',
          ),
        ]);
      }
      return letters;
    },
  });
  await engine.start();
  const read = (topic: string): Promise<Seen[]> =>
    Promise.resolve(
      broker.messages(topic).map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
    );
  const lagOf = (group: string, topic: string): number => {
    const stand = broker.standOf(group, topic);
    const confirmed = stand?.confirmed ?? [];
    return (stand?.ends ?? []).reduce((sum, end, index) => sum + end - (confirmed[index] ?? 0), 0);
  };
  return {
    namespace: NAMESPACE,
    produce: async (records) => {
      broker.append(records.map((record) => ({ ...record, topic: names[record.topic] })));
    },
    find: (ids) => store.find(ids.map((id) => ({ namespace: NAMESPACE, id }))),
    deadLetters: (topic) => read(topics.deadLetters(names[topic])),
    events: () => read(topics.events(NAMESPACE)),
    replies: () => read(names.replies),
    lag: async () =>
      lagOf('stock', names.commands) +
      lagOf(`${NAMESPACE}.orchestrator`, names.requests) +
      lagOf(`${NAMESPACE}.orchestrator`, names.replies),
    owed: async () => {
      const rows = await store.transact((turn) => turn.lockOwed(NAMESPACE, Number.MAX_SAFE_INTEGER, 10_000));
      return rows.length;
    },
    isReady: () => engine.isReady() && participant.isReady(),
    close: async () => {
      await engine.stop();
      await transport.close();
    },
  };
}

function notPaid(type: string, value: object): string | undefined {
  return type === Charge.type && 'item' in value && value.item === NOT_PAID ? 'no_money' : undefined;
}
