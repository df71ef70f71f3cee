/** A topic that was there before, as the broker describes it. */
export interface FoundTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly wantedPartitions: number;
  /** Empty when we may not read it. */
  readonly config: ReadonlyMap<string, string>;
}

/** Compaction throws away all but the newest message of a key, which here is a saga. */
export function isCompacted({ config }: FoundTopic): boolean {
  return config.get('cleanup.policy')?.includes('compact') === true;
}

const READABLE = ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Whether the broker compresses what is in it in a way that is known here. */
export function isReadable({ config }: FoundTopic): boolean {
  return READABLE.includes(config.get('compression.type') ?? 'producer');
}

/**
 * What is not as configured and loses nothing by itself, a line each.
 *
 * @param wantedRetentionMs undefined when none is configured
 */
export function differences(found: FoundTopic, wantedRetentionMs: number | undefined): string[] {
  const { topic, partitions, wantedPartitions, config } = found;
  const lines: string[] = [];
  if (partitions < wantedPartitions) {
    lines.push(
      `topic '${topic}' has ${partitions} partition(s) where ${wantedPartitions} are configured; it is left as it is, ` +
        `and no more than ${partitions} replica(s) can share it`,
    );
  }
  const retentionMs = Number(config.get('retention.ms') ?? -1);
  if (wantedRetentionMs !== undefined && retentionMs >= 0 && retentionMs < wantedRetentionMs) {
    lines.push(
      `topic '${topic}' keeps messages for ${retentionMs} ms where ${wantedRetentionMs} ms are configured; it is left ` +
        'as it is, and what waits longer than that is lost',
    );
  }
  return lines;
}
