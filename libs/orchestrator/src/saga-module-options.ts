import { checkOptions, type Duration, type RetryOptions } from '@skald/core';
import type { EngineOptions } from '@skald/runtime';

/** What `SagaModule.forRoot` needs; see `EngineOptions` for the meaning and default of the others. */
export interface SagaModuleOptions extends Omit<
  EngineOptions,
  'definitions' | 'log' | 'retentionMs' | 'traceRetentionMs'
> {
  /** What holds for all sagas of the namespace where they say nothing themselves. */
  readonly defaults?: NamespaceOptions;
}

/** The compiler sees that none is missing. */
const OPTIONS: Record<keyof SagaModuleOptions, true> = {
  namespace: true,
  store: true,
  transport: true,
  defaults: true,
  maximumTurn: true,
  timerPollMs: true,
  relayPollMs: true,
  relayAfterMs: true,
  lifecycleEvents: true,
  label: true,
  beatMs: true,
  clock: true,
  random: true,
  crashProbe: true,
  transition: true,
};

/** @throws DefinitionError naming the option that there is not; the engine checks the bounds of those that there are */
export function checkModuleOptions(options: SagaModuleOptions): void {
  checkOptions('SagaModule', '', options, Object.keys(OPTIONS));
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
