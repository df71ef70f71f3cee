import { describe, expect, it } from '@jest/globals';
import { messageOf, stackOf } from './errors.js';

const SECRET = 's3cret';

/** As pg throws it. */
function thrown(code: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { severity: 'ERROR', code, ...more });
}

describe('what is told of an error of PostgreSQL', () => {
  it.each([
    [
      thrown('22P02', `invalid input syntax for type uuid: "${SECRET}"`),
      'a value has not the form of its type (SQLSTATE 22P02)',
    ],
    [
      thrown('23505', 'duplicate key value violates unique constraint "bot_name"', {
        detail: `Key (name)=(${SECRET}) already exists.`,
        constraint: 'bot_name',
        table: 'bot',
      }),
      'a unique key is violated (SQLSTATE 23505, constraint "bot_name", table "bot")',
    ],
    [
      thrown('P0001', `no money left for ${SECRET}`),
      'a function or trigger raised an exception (SQLSTATE P0001)',
    ],
    [thrown('42703', `column "${SECRET}" does not exist`), 'the statement is wrong (SQLSTATE 42703)'],
    [thrown('ZZ999', SECRET), 'PostgreSQL refused it (SQLSTATE ZZ999)'],
    [thrown('40P01', 'deadlock detected'), 'deadlock detected'],
    [thrown('42P01', 'relation "bot" does not exist'), 'relation "bot" does not exist'],
  ])('quotes no values: %p', (error, text) => {
    expect(messageOf(error)).toBe(text);
    expect(stackOf(error)).not.toContain(SECRET);
    expect(stackOf(error)).toContain(text);
  });

  it('quotes none where another error repeats it either', () => {
    const cause = thrown('22P02', `invalid input syntax for type uuid: "${SECRET}"`);
    const error = new Error(`could not store the bot: ${cause.message}`, { cause });
    expect(messageOf(error)).toBe(
      'could not store the bot: a value has not the form of its type (SQLSTATE 22P02)',
    );
    expect(stackOf(error)).not.toContain(SECRET);
  });

  it('leaves the text of every other error alone', () => {
    expect(messageOf(new Error('no such bot'))).toBe('no such bot');
    expect(messageOf(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe('write EPIPE');
    expect(messageOf('text')).toBe('text');
  });
});
