import ms, { type StringValue } from 'ms';
import { DefinitionError } from './errors.js';

/** Milliseconds as a number, or text with a unit: `'200ms'`, `'10s'`, `'5 minutes'`, `'2h'`, `'1d'`. */
export type Duration = number | StringValue;

const LONGEST = ms('365d');

/**
 * Reads a duration from a definition, in milliseconds.
 *
 * @throws DefinitionError when it is no duration, negative, or longer than a year
 */
export function readDuration(subject: string, option: string, value: Duration): number {
  const milliseconds = typeof value === 'number' ? value : ms(value);
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds)) {
    throw new DefinitionError(
      subject,
      option,
      `${JSON.stringify(value)} is not a duration; write milliseconds, or text such as '200ms', '10s' or '5m'`,
    );
  }
  if (milliseconds < 0 || milliseconds > LONGEST) {
    throw new DefinitionError(subject, option, `${JSON.stringify(value)} must lie between 0 and 365 days`);
  }
  return milliseconds;
}
