import { messageOf, stackOf } from '@skald/ports';

/** Where TypeORM and PostgreSQL put the values of a statement that failed. */
const MEMBERS_WITH_VALUES = ['query', 'internalQuery', 'parameters', 'detail', 'hint', 'where'];

/**
 * Keeps the values of a failed statement out of logs: a payload, or a secret that the service has just made. Nest logs an
 * error that no filter caught with its text, its stack and all that can be enumerated of it. Members that are hidden here can
 * still be read by name; of the text, what may quote values is replaced.
 */
export function hideValues(error: unknown): void {
  if (typeof error !== 'object' || error === null) return;
  for (const member of MEMBERS_WITH_VALUES) {
    if (Object.hasOwn(error, member)) Object.defineProperty(error, member, { enumerable: false });
  }
  if (error instanceof Error) hideIn(error);
  if ('driverError' in error) hideValues(error.driverError);
  if ('cause' in error) hideValues(error.cause);
}

function hideIn(error: Error): void {
  const message = messageOf(error);
  if (message === error.message) return;
  // Not before it is needed: V8 writes a stack down when it is first asked for, which costs more than all else here.
  const stack = stackOf(error);
  Object.defineProperty(error, 'message', { value: message, writable: true, configurable: true });
  Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
}
