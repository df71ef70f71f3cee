import type { PoolClient } from 'pg';

/**
 * Does something that sends a statement, and resolves as soon as the connection has it: on a pipelined connection the
 * next statement may follow without waiting for the answer.
 *
 * @param more SQL that goes along behind the statement, in the same breath: `; SET LOCAL …`
 * @returns what was done; it settles when the answer comes
 * @throws what the work throws before it sends anything
 */
export async function handedOver(
  client: PoolClient,
  work: () => Promise<void>,
  more = '',
): Promise<{ readonly answered: Promise<void> }> {
  // Whoever watches statements may have put a function of its own there.
  const own = Object.getOwnPropertyDescriptor(client, 'query');
  const giveBack = (): void => {
    if (own === undefined) Reflect.deleteProperty(client, 'query');
    else Object.defineProperty(client, 'query', own);
  };
  const sent = new Promise<void>((resolve) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.defineProperty(client, 'query', {
      configurable: true,
      value: (statement: unknown, ...values: unknown[]) => {
        giveBack();
        resolve();
        return query(typeof statement === 'string' ? statement + more : statement, ...values);
      },
    });
  });
  try {
    const answered = work();
    await Promise.race([sent, answered]);
    // Whoever goes on without the answer gets to know of a failure by that of the next statement.
    answered.catch(() => undefined);
    return { answered };
  } finally {
    giveBack();
  }
}
