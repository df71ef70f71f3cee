import { MemoryStore } from '@skald/memory';
import { describeStore, type StoreHarness } from './store.contract.js';

function harness(): Promise<StoreHarness> {
  let ahead = 0;
  return Promise.resolve({
    store: new MemoryStore({ now: () => Date.now() + ahead }),
    silence: (forMs) => {
      ahead += forMs;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
}

describeStore('in memory', () => harness());
