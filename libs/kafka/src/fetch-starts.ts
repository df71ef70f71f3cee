import { createRequire } from 'node:module';

/*
 * With several brokers kafkajs fetches from each by itself. It may join its group anew inside one such fetch while another
 * is under way, and then hands on what that one brings as if it had been asked for under the new assignment, though it
 * begins where the old one stood. So it is noted when the fetch of each batch began, before it was decided where.
 */

interface ConsumerGroup {
  fetch: (nodeId: string) => Promise<readonly object[]>;
}

const require = createRequire(import.meta.url);
const starts = new WeakMap<object, number>();
let moment = 0;
let isDone = false;

/** Makes all consumers of this process note when their fetches begin. */
export function noteFetchStarts(): void {
  if (isDone) return;
  isDone = true;
  const { prototype } = require('kafkajs/src/consumer/consumerGroup.js') as { prototype: ConsumerGroup };
  const original = prototype.fetch;
  prototype.fetch = async function (this: ConsumerGroup, nodeId) {
    const start = nextMoment();
    const batches = await original.call(this, nodeId);
    for (const batch of batches) starts.set(batch, start);
    return batches;
  };
}

/** Later than all moments before it. */
export function nextMoment(): number {
  moment += 1;
  return moment;
}

/** When the fetch began that brought the batch; before everything else when that is not known. */
export function fetchStart(batch: object): number {
  return starts.get(batch) ?? 0;
}

/** For tests that play kafkajs. */
export function noteFetchStart(batch: object, start: number): void {
  starts.set(batch, start);
}
