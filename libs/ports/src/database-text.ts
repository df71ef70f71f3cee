import { isRecord } from '@skald/core';

const SQL_STATE = /^[0-9A-Z]{5}$/;
/**
 * Classes whose texts are PostgreSQL's own and quote no values: connections, transactions, logins, resources, operators'
 * intervention, the system. And of class 42, what names a table or a function that is missing.
 */
const PLAIN = /^(?:08|25|28|3D|3F|40|53|54|55|57|58)|^42(?:P01|883)$/;

const SENTENCES: Readonly<Record<string, string>> = {
  '22001': 'a value is too long',
  '22003': 'a number is out of range',
  '22007': 'a value is no date or time',
  '22008': 'a date or time is out of range',
  '22012': 'a division by zero',
  '22021': 'a text holds a character that cannot be stored',
  '22P02': 'a value has not the form of its type',
  '22P05': 'a text holds a character that cannot be stored',
  '23502': 'a value is missing',
  '23503': 'a foreign key is violated',
  '23505': 'a unique key is violated',
  '23514': 'a check is violated',
  '23P01': 'an exclusion is violated',
  P0001: 'a function or trigger raised an exception',
};
const OF_CLASS: Readonly<Record<string, string>> = {
  '22': 'a value is not acceptable',
  '23': 'a constraint is violated',
  '42': 'the statement is wrong',
  '44': 'the check of a view is violated',
  P0: 'a function or trigger failed',
};

/** What PostgreSQL says of where it happened: names of the schema, never values. */
const PLACES = ['constraint', 'column', 'table', 'dataType'] as const;

/**
 * What may be told of an error that PostgreSQL threw: its SQLSTATE, the names that are involved, and a sentence of ours. Its
 * own text, detail and parameters may quote values: `invalid input syntax for type uuid: "…"`.
 *
 * @returns nothing for what PostgreSQL did not throw
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function databaseText(error: unknown): string | undefined {
  if (!isRecord(error)) return undefined;
  const { code, severity, message } = error;
  if (typeof severity !== 'string' || typeof code !== 'string' || !SQL_STATE.test(code)) return undefined;
  if (PLAIN.test(code) && typeof message === 'string') return message;
  const sentence = SENTENCES[code] ?? OF_CLASS[code.slice(0, 2)] ?? 'PostgreSQL refused it';
  const places = PLACES.flatMap((place) => {
    const name = error[place];
    return typeof name === 'string' && name !== '' ? [`${place} "${name}"`] : [];
  });
  const where = places.length === 0 ? '' : `, ${places.join(', ')}`;
  return `${sentence} (SQLSTATE ${code}${where})`;
}

/** A text without what errors of PostgreSQL among an error and its causes say, where that may quote values. */
export function withoutValues(text: string, error: unknown): string {
  let told = text;
  const seen = new Set<unknown>();
  for (let one = error; isRecord(one) && !seen.has(one); one = one['driverError'] ?? one['cause']) {
    seen.add(one);
    const safe = databaseText(one);
    const { message } = one;
    if (safe !== undefined && typeof message === 'string' && message !== '') {
      told = told.replaceAll(message, () => safe);
    }
  }
  return told;
}
