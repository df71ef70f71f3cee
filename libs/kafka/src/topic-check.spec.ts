import { describe, expect, it } from '@jest/globals';
import { isReadable } from './topic-check.js';

const withCompression = (type?: string): Parameters<typeof isReadable>[0] => ({
  topic: 't',
  partitions: 1,
  wantedPartitions: 1,
  config: new Map(type === undefined ? [] : [['compression.type', type]]),
});

describe('the compression of a topic', () => {
  it.each([undefined, 'producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'can be read: %s',
    (type) => {
      expect(isReadable(withCompression(type))).toBe(true);
    },
  );

  it('cannot be read when this build does not know it', () => {
    expect(isReadable(withCompression('brotli'))).toBe(false);
  });
});
