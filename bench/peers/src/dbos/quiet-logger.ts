import type { DLogger } from '@dbos-inc/dbos-sdk';
import { DECLINED } from '../order-saga.js';

/**
 * Warnings and errors go to our standard error, but for the rejections: DBOS logs the message
 * and the stack of every workflow that throws.
 */
export const quietLogger: DLogger = {
  debug: () => {},
  info: () => {},
  warn: (entry) => console.error(entry),
  error: (entry) => {
    if (entry !== DECLINED) console.error(entry);
  },
};
