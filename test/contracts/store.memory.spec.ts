import { MemoryStore } from '@skald/memory';
import { describeStore } from './store.contract.js';

describeStore('in memory', () =>
  Promise.resolve({ store: new MemoryStore(), close: () => Promise.resolve() }),
);
