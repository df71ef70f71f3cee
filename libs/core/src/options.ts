import { givenText } from './duration.js';
import { DefinitionError } from './errors.js';
import { printable } from './text.js';

/**
 * Checks that options are an object with no option that there is not: one that is misspelt would silently mean its default.
 *
 * @param prefix of the options inside another option: `retry.`
 * @throws DefinitionError naming the option, and those that there are
 */
export function checkOptions(
  subject: string,
  prefix: string,
  options: unknown,
  known: readonly string[],
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const option = prefix === '' ? undefined : prefix.slice(0, -1);
    throw new DefinitionError(subject, option, `must be an object with ${known.join(', ')}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue;
    throw new DefinitionError(
      subject,
      `${prefix}${printable(name, 100)}`,
      `there is no such option here; there are ${known.join(', ')}`,
    );
  }
}

/** @throws DefinitionError naming the option and its bounds */
export function checkWhole(
  subject: string,
  option: string,
  value: unknown,
  least: number,
  most: number,
): void {
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return;
  const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new DefinitionError(
    subject,
    option,
    `${givenText(value)} is not allowed; use a whole number ${bounds}`,
  );
}

/** @throws DefinitionError naming the option */
export function checkFlag(subject: string, option: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  throw new DefinitionError(subject, option, `${givenText(value)} is not allowed; use true or false`);
}

/** @throws DefinitionError naming the option and its bounds */
export function checkNumber(
  subject: string,
  option: string,
  value: unknown,
  least: number,
  most: number,
): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  throw new DefinitionError(
    subject,
    option,
    `${givenText(value)} is not allowed; use a number from ${least} to ${most}`,
  );
}
