import ms, { type StringValue } from 'ms';
import { DefinitionError } from './errors.js';
import { shortened } from './text.js';

/** Milliseconds as a number, or text with a unit: `'200ms'`, `'10s'`, `'5 minutes'`, `'2h'`, `'1d'`. */
export type Duration = number | StringValue;

const LONGEST = ms('365d');

/**
 * Reads a duration from a definition, in whole milliseconds; parts of one are rounded, and never to 0.
 *
 * @throws DefinitionError when it is no duration, negative, or longer than a year
 */
export function readDuration(subject: string, option: string, value: Duration): number {
  const milliseconds = millisecondsOf(value);
  if (milliseconds === undefined) {
    throw new DefinitionError(
      subject,
      option,
      `${givenText(value)} is not a duration; write milliseconds, or text such as '200ms', '10s' or '5m'`,
    );
  }
  if (milliseconds < 0 || milliseconds > LONGEST) {
    throw new DefinitionError(subject, option, `${givenText(value)} must lie between 0 and 365 days`);
  }
  // Times are stored to the millisecond; what is not nothing must not become nothing.
  return milliseconds > 0 && milliseconds < 1 ? 1 : Math.round(milliseconds);
}

/**
 * Reads how long something may take.
 *
 * @throws DefinitionError when it is no duration, longer than a year, or 0
 */
export function readTimeout(
  subject: string,
  option: string,
  value: Duration | undefined,
): number | undefined {
  if (value === undefined) return undefined;
  const milliseconds = readDuration(subject, option, value);
  if (milliseconds > 0) return milliseconds;
  throw new DefinitionError(subject, option, 'must be longer than 0: nothing could ever be in time');
}

/** The longest text that is looked at. */
const LONGEST_TEXT = 100;

function millisecondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value === '' || value.length > LONGEST_TEXT) return undefined;
  const milliseconds: number | undefined = ms(value as StringValue);
  return Number.isFinite(milliseconds) ? milliseconds : undefined;
}

/** What was given in place of an option, for people; nothing that JSON would change is left out. */
export function givenText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shortened(value, LONGEST_TEXT));
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return value === null || value === undefined || typeof value === 'boolean'
    ? String(value)
    : `what is of type ${typeof value}`;
}
