import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type PartitionerArgs, Partitioners } from 'kafkajs';
import { partitioner } from './partitioner.js';

function ask(key: PartitionerArgs['message']['key'], partitions: number): PartitionerArgs {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 1,
    replicas: [],
    isr: [],
  }));
  return { topic: 'orders', partitionMetadata, message: { value: null, ...(key !== undefined && { key }) } };
}

describe('the partitioner', () => {
  it("chooses as kafkajs's own does, which chooses as Java's does", () => {
    const theirs = Partitioners.DefaultPartitioner();
    const ours = partitioner();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.uint8Array().map((all) => Buffer.from(all)),
        ),
        fc.integer({ min: 1, max: 100 }),
        (key, partitions) => {
          expect(ours(ask(key, partitions))).toBe(theirs(ask(key, partitions)));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('spreads messages without a key', () => {
    const choose = partitioner();
    const chosen = Array.from({ length: 8 }, () => choose(ask(null, 4)));
    expect(new Set(chosen)).toEqual(new Set([0, 1, 2, 3]));
  });
});
