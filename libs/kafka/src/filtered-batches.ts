import { createRequire } from 'node:module';

/*
 * What kafkajs fetched and filtered whole, the mark at the end of a transaction or what was sent in one that was aborted, it
 * passes over without a word. So nobody would confirm it, and the group would look as if a message lay unread there.
 */

interface Batch {
  isEmpty: () => boolean;
  isEmptyDueToFiltering: () => boolean;
}

interface Runner {
  readonly eachBatch?: object;
  handleBatch: (batch: Batch) => Promise<void>;
}

const require = createRequire(import.meta.url);
const taking = new WeakSet<object>();
let isDone = false;

/** Makes kafkajs call this function of ours for batches of which nothing is left, too. Other consumers are left as they are. */
export function takingFiltered<Each extends object>(eachBatch: Each): Each {
  taking.add(eachBatch);
  handOnFiltered();
  return eachBatch;
}

function handOnFiltered(): void {
  if (isDone) return;
  isDone = true;
  const { prototype } = require('kafkajs/src/consumer/runner.js') as { prototype: Runner };
  const original = prototype.handleBatch;
  prototype.handleBatch = function (this: Runner, batch) {
    const isTaken = this.eachBatch !== undefined && taking.has(this.eachBatch);
    if (isTaken && batch.isEmptyDueToFiltering()) {
      batch.isEmpty = () => false;
      batch.isEmptyDueToFiltering = () => false;
    }
    return original.call(this, batch);
  };
}
