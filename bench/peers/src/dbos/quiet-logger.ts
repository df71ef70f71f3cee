import type { DLogger } from '@dbos-inc/dbos-sdk';
import { DECLINED } from '../order-saga.js';

let ending = false;

/** From now on, DBOS may lose its database and its workflows without complaint. */
export function expectTheEnd(): void {
  ending = true;
}

/**
 * Warnings and errors go to our standard error, but for the rejections: DBOS logs the message
 * and the stack of every workflow that throws.
 */
export const quietLogger: DLogger = {
  debug: () => {},
  info: () => {},
  warn: (entry) => {
    if (!ending) console.error(entry);
  },
  error: (entry) => {
    if (!ending && entry !== DECLINED) console.error(entry);
  },
};
