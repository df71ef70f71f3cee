import type { SagaInstance } from '@skald/core';

/** The topics that hostile messages are sent to. */
export type Inbound = 'requests' | 'replies' | 'commands';

/** A record of any shape, as any client of a broker could send it. */
export interface RawRecord {
  readonly topic: Inbound;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Seen {
  readonly key: string | null;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One orchestrator and one participant, and everything around them that a judge looks at. */
export interface World {
  readonly namespace: string;
  produce(records: readonly RawRecord[]): Promise<void>;
  find(ids: readonly string[]): Promise<SagaInstance[]>;
  deadLetters(topic: Inbound): Promise<Seen[]>;
  events(): Promise<Seen[]>;
  replies(): Promise<Seen[]>;
  /** Messages that some consumer has not confirmed yet. */
  lag(): Promise<number>;
  /** Rows of the outbox. */
  owed(): Promise<number>;
  /** Whether orchestrator and participant say that they are well. */
  isReady(): boolean;
  close(): Promise<void>;
}
