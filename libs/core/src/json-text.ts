import { SkaldError } from './errors.js';
import { textProblem } from './text.js';

/** How deep JSON may nest that comes from outside or from a user's function: an array or object in it counts one. */
export const MAXIMUM_JSON_DEPTH = 100;

/** A text is no JSON, or holds what would not come out of the database as it came in. The message quotes nothing of it. */
export class JsonTextError extends SkaldError {
  readonly code = 'malformed_json';
}

/**
 * Parses JSON that came from outside. What this cannot keep exactly it refuses, so that nothing is changed on its way:
 * JSON itself allows a number of any size and a member twice, and JavaScript would silently round the one and drop the
 * other.
 *
 * @throws JsonTextError when it is not JSON, nests deeper than `MAXIMUM_JSON_DEPTH`, has a number that a JavaScript number
 *   does not hold exactly, a member twice, or NUL or half a character in a string
 */
export function readJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the text, which does not belong into logs.
    throw new JsonTextError('it is not JSON');
  }
  const members = countMembers(value, 0);
  if (countColons(text) !== members) throw new JsonTextError('an object in it has a member twice');
  if (text.includes('\\u')) checkStrings(value);
  else if (textProblem(text) !== undefined) throw new JsonTextError('a string in it holds half a character');
  return value;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const CLOSING_BRACE = 0x7d;

/**
 * Goes once over a text that is known to be JSON, jumping over its strings: checks numbers on the way.
 *
 * @returns how many colons stand outside of strings, one for each member of an object
 */
function countColons(text: string): number {
  let colons = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === COLON) {
      colons += 1;
    } else if (code <= NINE && (code >= ZERO || code === MINUS)) {
      const end = endOfNumber(text, at);
      if (!isExact(text, at, end)) {
        throw new JsonTextError(
          'a number in it is too large or too precise to be kept exactly; send it as a string',
        );
      }
      at = end - 1;
    }
  }
  return colons;
}

/** @returns where the string's closing quote stands */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (text.charCodeAt(end - 1) === BACKSLASH) {
    let before = end - 2;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // An even number of backslashes are pairs, none of which belongs to the quote.
    if ((end - before) % 2 === 1) break;
    end = text.indexOf('"', end + 1);
  }
  return end;
}

/** In JSON a number ends before a comma, a closing bracket or brace, white space, or the end. */
function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === COMMA || code <= SPACE || code === CLOSING_BRACE || code === CLOSING_BRACKET) break;
  }
  return end;
}

/** So many characters hold at most as many digits as always fit into a double. */
const SURELY_EXACT = 15;

/** Whether the number that JavaScript makes of it is written the same, apart from zeros and the place of the point. */
function isExact(text: string, start: number, end: number): boolean {
  const isShort = end - start <= SURELY_EXACT && text.charCodeAt(start) !== MINUS;
  const number = text.slice(start, end);
  if (isShort && !number.includes('e') && !number.includes('E')) return true;
  const value = Number(number);
  if (Object.is(value, -0) || !Number.isFinite(value)) return false;
  return decimalOf(number) === decimalOf(String(value));
}

/** Sign, digits without zeros around them, and exponent: one text for one value. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

function countMembers(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === MAXIMUM_JSON_DEPTH) {
    throw new JsonTextError(`it nests deeper than ${MAXIMUM_JSON_DEPTH} levels`);
  }
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item, depth + 1);
    return count;
  }
  const members = value as Readonly<Record<string, unknown>>;
  // oxlint-disable-next-line guard-for-in -- what JSON.parse makes inherits nothing that can be enumerated
  for (const name in members) count += 1 + countMembers(members[name], depth + 1);
  return count;
}

/** Strings written with escapes may hold what no UTF-8 does. */
function checkStrings(value: unknown): void {
  if (typeof value === 'string') {
    const problem = textProblem(value);
    if (problem !== undefined) throw new JsonTextError(`a string in it holds ${problem}`);
  } else if (Array.isArray(value)) {
    for (const item of value) checkStrings(item);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      checkStrings(name);
      checkStrings(member);
    }
  }
}
