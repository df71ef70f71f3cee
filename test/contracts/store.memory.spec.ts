import { MemoryStore } from '@skald/memory';
import { describeStore, type StoreHarness } from './store.contract.js';

function harness(isConcurrent: boolean): Promise<StoreHarness> {
  let ahead = 0;
  return Promise.resolve({
    store: new MemoryStore({ isConcurrent, now: () => Date.now() + ahead }),
    silence: (forMs) => {
      ahead += forMs;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
}

describeStore('in memory', () => harness(false));
describeStore('in memory, with transactions at the same time', () => harness(true));
