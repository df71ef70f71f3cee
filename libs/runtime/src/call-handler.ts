import type { ConsumeOptions, DeadLetter, Delivery } from './ports.js';

/**
 * Calls the handler of a consumer, as every transport does it: not for nothing, and what it gives back must be of the
 * batch, since a delivery is known again by its identity.
 *
 * @throws Error when it returns a dead letter that it was not given
 */
export async function callHandler(
  handle: ConsumeOptions['handle'],
  deliveries: readonly Delivery[],
): Promise<readonly DeadLetter[]> {
  if (deliveries.length === 0) return [];
  const letters = await handle(deliveries);
  const known = new Set(deliveries);
  if (letters.some((letter) => !known.has(letter.delivery))) {
    throw new Error('it returned a dead letter whose delivery is not of this batch; return the same object');
  }
  return letters;
}
