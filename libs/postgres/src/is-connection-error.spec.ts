import { describe, expect, it } from '@jest/globals';
import { isConnectionError } from './is-connection-error.js';

const coded = (code: string): Error => Object.assign(new Error('x'), { code });

describe('an error of the database', () => {
  it.each([
    coded('ECONNREFUSED'),
    coded('57P01'),
    coded('08006'),
    new Error('Connection terminated unexpectedly'),
    new Error('query failed', { cause: coded('ECONNRESET') }),
    Object.assign(new Error('query failed'), { driverError: coded('57P03') }),
  ])('is one of the connection: %p', (error) => {
    expect(isConnectionError(error)).toBe(true);
  });

  it.each([coded('23505'), new Error('boom'), undefined, 'text'])('is another: %p', (error) => {
    expect(isConnectionError(error)).toBe(false);
  });
});
