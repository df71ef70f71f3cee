import { checkIdentifier, checkOptions, checkWhole, DefinitionError } from '@skald/core';
import type { EngineOptions } from './engine.js';

const DAY_MS = 24 * 60 * 60_000;
/** Times so far from now can still be stored. */
const CENTURY_MS = 36_500 * DAY_MS;

/** The compiler sees that none is missing. */
const OPTIONS: Record<keyof EngineOptions, true> = {
  namespace: true,
  store: true,
  transport: true,
  definitions: true,
  log: true,
  maximumTurn: true,
  timerPollMs: true,
  relayPollMs: true,
  relayAfterMs: true,
  lifecycleEvents: true,
  label: true,
  beatMs: true,
  retentionMs: true,
  traceRetentionMs: true,
  clock: true,
  random: true,
  crashProbe: true,
  transition: true,
};

/** Least and most of the options that are numbers. */
const BOUNDS = {
  maximumTurn: [1, 10_000],
  timerPollMs: [1, DAY_MS],
  relayPollMs: [1, DAY_MS],
  relayAfterMs: [0, DAY_MS],
  // The others take a process for gone that they have not heard of for 15 s.
  beatMs: [1, 10_000],
  retentionMs: [0, CENTURY_MS],
  traceRetentionMs: [0, CENTURY_MS],
} as const;

/** @throws DefinitionError naming the option that there is not, or is out of its bounds */
export function checkEngineOptions(options: EngineOptions): void {
  checkOptions('engine', '', options, Object.keys(OPTIONS));
  checkIdentifier('engine', 'namespace', options.namespace);
  for (const [option, [least, most]] of Object.entries(BOUNDS)) {
    const value: unknown = Reflect.get(options, option);
    if (value !== undefined) checkWhole('engine', option, value, least, most);
  }
  const { lifecycleEvents = 'all', label = '' } = options;
  if (lifecycleEvents !== 'all' && lifecycleEvents !== 'whole') {
    throw new DefinitionError('engine', 'lifecycleEvents', "use 'all' or 'whole'");
  }
  if (typeof label !== 'string') throw new DefinitionError('engine', 'label', 'must be a text');
}
