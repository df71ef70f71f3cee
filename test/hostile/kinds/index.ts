import fc from 'fast-check';
import { ATTRIBUTE_KINDS } from './attributes.js';
import { BINARY_KINDS, BROKEN_BINARY_KINDS } from './binary.js';
import { FORGED_KINDS } from './forged.js';
import type { Hostile, Kinds } from './hostile.js';
import { RECORD_KINDS } from './records.js';
import { REQUEST_KINDS } from './requests.js';
import { VALUE_KINDS } from './values.js';

export type { Hostile, Place } from './hostile.js';

/** Every kind of hostile record that memory and a broker carry, by its name. */
export const KINDS: Kinds = {
  ...ATTRIBUTE_KINDS,
  ...VALUE_KINDS,
  ...REQUEST_KINDS,
  ...FORGED_KINDS,
  ...BROKEN_BINARY_KINDS,
};

/** Those that only a broker carries, too. */
export const BROKER_KINDS: Kinds = { ...KINDS, ...BINARY_KINDS, ...RECORD_KINDS };

export function anyOf(kinds: Kinds): fc.Arbitrary<Hostile> {
  return fc.oneof(...Object.values(kinds));
}
