import type { Infra } from '@skald/infra';

/** What the setup leaves for the teardown: both run in the process that runs jest. */
export const infraOfRun: { infra?: Infra } = {};
