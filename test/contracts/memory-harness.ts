import { MemoryBroker, MemoryTransport } from '@skald/memory';
import type { TransportHarness } from './transport-harness.js';

/** One broker in memory that all transports of a test share. */
export async function memoryHarness(): Promise<TransportHarness> {
  const broker = new MemoryBroker();
  return {
    start: (options = {}) => {
      const transport = new MemoryTransport({ broker, ...options });
      return { transport, die: async () => transport.abandon() };
    },
    produceRaw: async (topic, records) => {
      broker.append(records.map((record) => ({ topic, key: null, value: '', ...record })));
    },
    records: async (topic) =>
      broker.messages(topic).map(({ key, value, headers }) => ({ key, value, headers })),
    close: async () => undefined,
  };
}
