import type { SagaInstance } from '@skald/core';

/** The topics that hostile messages are sent to. */
export const INBOUND = ['requests', 'replies', 'commands'] as const;
export type Inbound = (typeof INBOUND)[number];

export type RawCompression = 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** A record of any shape, as any client of a broker could send it. In memory there are only texts. */
export interface RawRecord {
  readonly topic: Inbound;
  readonly key: string;
  readonly value: string | Buffer | null;
  /** One header may stand several times. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Of the batch that it comes in. */
  readonly compression?: RawCompression | undefined;
}

export interface Seen {
  readonly key: string | null;
  readonly value: string;
}

/** Something that the participant has done. */
export interface Effect {
  readonly commandId: string;
  readonly sagaId: string;
  readonly type: string;
}

/** One orchestrator and one participant, and everything around them that a judge looks at. */
export interface World {
  readonly namespace: string;
  produce(records: readonly RawRecord[]): Promise<void>;
  find(ids: readonly string[]): Promise<SagaInstance[]>;
  /** All that was ever stored in a topic. */
  stored(topic: Inbound | 'events'): Promise<readonly Seen[]>;
  deadLetters(topic: Inbound): Promise<readonly Seen[]>;
  /** The participant's ledger, in the order of what was done. */
  effects(): Promise<readonly Effect[]>;
  /** Messages that some consumer has not confirmed yet. */
  lag(): Promise<number>;
  /** Rows of the outbox. */
  owed(): Promise<number>;
  /** What orchestrator or participant complain of, if they do. */
  problem(): string | undefined;
  close(): Promise<void>;
}
