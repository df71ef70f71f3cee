import type { ICustomPartitioner } from 'kafkajs';

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * Chooses partitions as Kafka's own clients do: the same key, the same partition, in every language. kafkajs computes the
 * same with 64-bit arithmetic in objects, which cost a twentieth of what sending costs.
 */
export const partitioner: ICustomPartitioner = () => {
  let next = 0;
  return ({ partitionMetadata, message }) => {
    const { length } = partitionMetadata;
    const { key } = message;
    if (key === null || key === undefined) {
      next += 1;
      return partitionMetadata[next % length]?.partitionId ?? 0;
    }
    return partitionOf(key, length);
  };
};

/** Where messages of a key lie, among so many partitions. Kafka counts them from 0 without gaps. */
export function partitionOf(key: string | Buffer, partitions: number): number {
  return (murmur2(typeof key === 'string' ? Buffer.from(key) : key) & 0x7fffffff) % partitions;
}

/** @see https://github.com/aappleby/smhasher/blob/master/src/MurmurHash2.cpp */
function murmur2(data: Buffer): number {
  const { length } = data;
  const whole = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(data.readInt32LE(at), M);
    k ^= k >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  for (let at = length - 1; at >= whole; at -= 1) hash ^= (data[at] ?? 0) << (8 * (at - whole));
  if (length !== whole) hash = Math.imul(hash, M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}
