export { MemoryBroker, MemoryOptionsError, UnknownMemoryTopicError } from './memory-broker.js';
export type { MemoryBrokerOptions } from './memory-broker.js';
export { MemoryStore } from './memory-store.js';
export { MemoryTransport } from './memory-transport.js';
export type { MemoryTransportOptions } from './memory-transport.js';
