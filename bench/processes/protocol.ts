import type { Percentiles } from '../percentiles.js';
import type { Variant } from '../work.js';

/** What a process of the benchmark is told when it is started, as JSON in its first argument. */
export interface ProcessSettings {
  readonly namespace: string;
  readonly brokers: readonly string[];
  readonly partitions: number;
  /** The orchestrator's, or each participant's. */
  readonly databases: Readonly<Record<string, string>>;
  readonly paddingBytes: number;
}

/** What a process has used up since it began. */
export interface ProcessSample {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** Requests to Kafka by the name of the API, such as `Produce` and `Fetch`. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface ClosedRun {
  readonly kind: 'closed';
  /** Sagas under way at a time. */
  readonly inFlight: number;
  /** Sagas to be measured. */
  readonly count: number;
  readonly variant: Variant;
  /** Begins the ids of its sagas. */
  readonly name: string;
}

export interface OpenRun {
  readonly kind: 'open';
  readonly variant: Variant;
  readonly name: string;
  readonly sagasPerSecond: number;
  readonly seconds: number;
}

export interface RunResult extends Percentiles {
  /** Until the last of those that were measured had ended. */
  readonly seconds: number;
  /** Those that were measured. */
  readonly sagas: number;
  /** Those, and the ones that were under way beside the last of them. */
  readonly ended: number;
}

/** What an open loop saw in the seconds since the last one. */
export interface Interval extends Percentiles {
  readonly second: number;
  readonly started: number;
  readonly ended: number;
  /** Started and not yet ended. */
  readonly open: number;
}

export type Question = { readonly kind: 'sample' } | ClosedRun | OpenRun;

export type Answer =
  | { readonly kind: 'sample'; readonly sample: ProcessSample }
  | { readonly kind: 'progress'; readonly ended: number }
  | { readonly kind: 'interval'; readonly interval: Interval }
  | { readonly kind: 'result'; readonly result: RunResult }
  | { readonly kind: 'failed'; readonly message: string };
