import { completing } from './completing.js';
import { failing } from './failing.js';
import type { Kind } from './kind.js';
import { rejected } from './rejected.js';
import { slow } from './slow.js';

export type { Kind } from './kind.js';

/** Their shares make a hundred. */
export const KINDS: readonly Kind[] = [completing, rejected, failing, slow];

const HUNDRED = KINDS.flatMap((kind) => Array.from({ length: kind.share }, () => kind));
/** Has no factor in common with a hundred, so that the kinds are mixed. */
const STRIDE = 37;

/** Of the saga with this number, from 0. */
export function kindOf(number: number): Kind {
  const kind = HUNDRED[(number * STRIDE) % HUNDRED.length];
  if (kind === undefined) throw new Error(`the shares of the kinds make ${HUNDRED.length} and not 100`);
  return kind;
}
