import type { Check } from './check.js';
import { history } from './history.js';
import { ledgers } from './ledgers.js';
import { leftovers } from './leftovers.js';
import { outcomes, told } from './outcomes.js';

export type { Check, Rest, Violation } from './check.js';

export const CHECKS: readonly Check[] = [outcomes, told, ledgers, history, leftovers];
