/** Where TypeORM and PostgreSQL put the values of a statement that failed. */
const MEMBERS_WITH_VALUES = ['parameters', 'detail', 'where'];

/**
 * Keeps the values of a failed statement out of logs: a payload, or a secret that the service has just made. Nest logs an
 * error that no filter caught with all that can be enumerated of it; what is hidden here can still be read by name.
 */
export function hideValues(error: unknown): void {
  if (typeof error !== 'object' || error === null) return;
  for (const member of MEMBERS_WITH_VALUES) {
    if (Object.hasOwn(error, member)) Object.defineProperty(error, member, { enumerable: false });
  }
  if ('driverError' in error) hideValues(error.driverError);
  if ('cause' in error) hideValues(error.cause);
}
