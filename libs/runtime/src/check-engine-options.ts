import { checkIdentifier, checkWhole } from '@skald/core';
import type { EngineOptions } from './engine.js';

const DAY_MS = 24 * 60 * 60_000;
/** Times so far from now can still be stored. */
const CENTURY_MS = 36_500 * DAY_MS;

/** Least and most of the options that are numbers. */
const BOUNDS = {
  maximumTurn: [1, 10_000],
  timerPollMs: [1, DAY_MS],
  relayPollMs: [1, DAY_MS],
  relayAfterMs: [0, DAY_MS],
  beatMs: [1, DAY_MS],
  retentionMs: [0, CENTURY_MS],
  traceRetentionMs: [0, CENTURY_MS],
} as const;

/** @throws DefinitionError naming the option and its bounds */
export function checkEngineOptions(options: EngineOptions): void {
  checkIdentifier('engine', 'namespace', options.namespace);
  for (const [option, [least, most]] of Object.entries(BOUNDS)) {
    const value: unknown = Reflect.get(options, option);
    if (value !== undefined) checkWhole('engine', option, value, least, most);
  }
}
