import { createRequire } from 'node:module';

/*
 * kafkajs looks after each answer whether requests wait that a broker has told to come later, and then every millisecond for
 * as long as the connection is there, whether any waits or not: ten connections without work took 4 % of a processor, and
 * from Node 24 on each process warned of a timer with a negative time. What waits is looked at anyway when it is put there and
 * whenever another is answered.
 */

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: () => void;
}

const require = createRequire(import.meta.url);
let isDone = false;

/** Lets the connections of this process rest when nothing waits to be sent. */
export function restIdleQueues(): void {
  if (isDone) return;
  isDone = true;
  const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue };
  const original = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) original.call(this);
  };
}
