import type { Duration, RetryOptions } from '@skald/core';
import type { EngineOptions } from '@skald/runtime';

/** What `SagaModule.forRoot` needs; see `EngineOptions` for the meaning and default of the others. */
export interface SagaModuleOptions extends Omit<
  EngineOptions,
  'definitions' | 'log' | 'retentionMs' | 'traceRetentionMs'
> {
  /** What holds for all sagas of the namespace where they say nothing themselves. */
  readonly defaults?: NamespaceOptions;
}

export interface NamespaceOptions {
  /** For every command. */
  readonly retry?: RetryOptions;
  /** How long one attempt waits for its reply. Default: 30 seconds. */
  readonly timeout?: Duration;
  /** How long ended instances are kept with their history. Default: for ever. */
  readonly retention?: Duration;
  /**
   * How long it is kept who removed an instance, when and why; what retention removed leaves a trace for at most 30 days.
   * Default: 365 days.
   */
  readonly traceRetention?: Duration;
}
