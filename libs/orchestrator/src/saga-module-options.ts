import type { EngineOptions } from '@skald/runtime';

/** What `SagaModule.forRoot` needs; see `EngineOptions` for each option's meaning and default. */
export type SagaModuleOptions = Omit<EngineOptions, 'definitions' | 'log'>;
