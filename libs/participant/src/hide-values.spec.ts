import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { hideValues } from './hide-values.js';

function failedInsert(): QueryFailedError {
  const driverError = Object.assign(new Error('duplicate key value violates unique constraint "token"'), {
    code: '23505',
    detail: 'Key (token)=(s3cret) already exists.',
  });
  return new QueryFailedError('INSERT INTO token VALUES ($1)', ['s3cret'], driverError);
}

describe('the error of a statement that failed', () => {
  it('shows no values once they are hidden, and still says what went wrong', () => {
    const error = failedInsert();

    hideValues(error);

    expect(inspect(error)).not.toContain('s3cret');
    expect(inspect(error)).toContain('violates unique constraint');
    expect(error.parameters).toEqual(['s3cret']);
  });

  it('shows none as the cause of another error either', () => {
    const error = new Error('no token', { cause: failedInsert() });

    hideValues(error);

    expect(inspect(error)).not.toContain('s3cret');
  });

  it.each([undefined, null, 'text', 7])('may be no error at all: %s', (thrown) => {
    expect(() => hideValues(thrown)).not.toThrow();
  });
});
