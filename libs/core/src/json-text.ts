import { SkaldError } from './errors.js';
import { textProblem } from './text.js';

/** How deep JSON may nest that comes from outside or from a user's function: an array or object in it counts one. */
export const MAXIMUM_JSON_DEPTH = 100;

/** How many members one object may have in JSON that comes from outside or from a user's function; an array may have more. */
export const MAXIMUM_JSON_MEMBERS = 10_000;

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
 *   does not hold exactly, a member twice, more than `MAXIMUM_JSON_MEMBERS` in one object, or NUL or half a character in a
 *   string
 */
export function readJson(text: string): unknown {
  const quick = readPlainJson(text);
  return quick === undefined ? readAnyJson(text) : quick;
}

function readAnyJson(text: string): unknown {
  // Before it is parsed: what nests thousands of levels deep takes the parser a thousand times as long.
  const colons = countColons(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the text, which does not belong into logs.
    throw new JsonTextError('it is not JSON');
  }
  if (colons === INEXACT) {
    throw new JsonTextError(
      'a number in it is too large or too precise to be kept exactly; send it as a string',
    );
  }
  if (colons !== countMembers(value)) throw new JsonTextError('an object in it has a member twice');
  if (text.includes('\\u')) checkStrings(value);
  else if (textProblem(text) !== undefined) throw new JsonTextError('a string in it holds half a character');
  return value;
}

/**
 * Reads what nearly all messages are: an object of objects, strings and whole numbers, without arrays, escapes or white
 * space. It takes less time than what reads everything that JSON may be, and never says that something is wrong.
 *
 * @returns undefined when it is something else, or might be
 */
function readPlainJson(text: string): unknown {
  if (text.charCodeAt(0) !== OPENING_BRACE || text.includes('\\')) return undefined;
  let members = 0;
  let depth = 1;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1);
    if (before <= SPACE) return undefined;
    // It stands in a string, unless that begins with it: then more are counted than there are members.
    if (before !== QUOTE) continue;
    members += 1;
    const next = text.charCodeAt(at + 1);
    if (next === OPENING_BRACE) depth += 1;
    else if (next < SMALL_A && next !== QUOTE && !isCount(text, at + 1, endOfNumber(text, at + 1)))
      return undefined;
  }
  if (depth > MAXIMUM_JSON_DEPTH || !text.isWellFormed()) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return countMembers(value) === members ? value : undefined;
  } catch {
    return undefined;
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const SMALL_A = 0x61;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** In place of how many colons there are. */
const INEXACT = -1;

/**
 * Goes once over a text that may be JSON, jumping over its strings: checks depth and numbers on the way. What it says of a
 * text that is none does not count.
 *
 * @returns how many colons stand outside of strings, one for each member of an object; INEXACT when a number is not exact
 * @throws JsonTextError as soon as it nests too deep
 */
function countColons(text: string): number {
  let colons = 0;
  let depth = 0;
  let isExactSoFar = true;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === COLON) {
      colons += 1;
    } else if (code <= NINE) {
      if (code < ZERO && code !== MINUS) continue;
      const end = endOfNumber(text, at);
      isExactSoFar &&= isExact(text, at, end);
      at = end - 1;
    } else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
      depth += 1;
      if (depth > MAXIMUM_JSON_DEPTH) {
        throw new JsonTextError(`it nests deeper than ${MAXIMUM_JSON_DEPTH} levels`);
      }
    } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
      depth -= 1;
    }
  }
  return isExactSoFar ? colons : INEXACT;
}

/** @returns where the string's closing quote stands; the end of a text that has none */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (text.charCodeAt(end - 1) === BACKSLASH) {
    let before = end - 2;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // An even number of backslashes are pairs, none of which belongs to the quote.
    if ((end - before) % 2 === 1) break;
    end = text.indexOf('"', end + 1);
  }
  return end === -1 ? text.length : end;
}

/**
 * Cuts an object's text down to its own members: whatever is an array or an object in it, however large and deep, becomes
 * null, and need not be JSON.
 *
 * @returns undefined when it is no object's text
 */
export function outermostJson(text: string): string | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  let kept = '';
  let from = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
      depth += 1;
      if (depth === 2) kept += `${text.slice(from, at)}null`;
    } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
      depth -= 1;
      if (depth === 1) from = at + 1;
    }
  }
  return depth === 0 ? kept + text.slice(from) : undefined;
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
/** No double has more digits, and none is compared that has: it would take too long. */
const LONGEST_NUMBER = 1_100;

/** Whether the number that JavaScript makes of it is written the same, apart from zeros and the place of the point. */
function isExact(text: string, start: number, end: number): boolean {
  if (isCount(text, start, end)) return true;
  if (end - start > LONGEST_NUMBER) return false;
  const number = text.slice(start, end);
  const value = Number(number);
  if (Object.is(value, -0) || !Number.isFinite(value)) return false;
  return decimalOf(number) === decimalOf(String(value));
}

/** Few digits and nothing else: most numbers are counts and amounts, of which no text is cut out. */
function isCount(text: string, start: number, end: number): boolean {
  if (end - start > SURELY_EXACT) return false;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) return false;
  }
  return true;
}

/** Sign, digits without zeros around them, and exponent: one text for one value. */
function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  // No pattern: one that looks for zeros at the end begins anew at each zero before it.
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end -= 1;
  const significant = digits.slice(0, end);
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

/** @throws JsonTextError when one object has too many */
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item);
    return count;
  }
  const members = value as Readonly<Record<string, unknown>>;
  let own = 0;
  // oxlint-disable-next-line guard-for-in -- what JSON.parse makes inherits nothing that can be enumerated
  for (const name in members) {
    own += 1;
    const member = members[name];
    if (typeof member === 'object' && member !== null) count += countMembers(member);
  }
  if (own > MAXIMUM_JSON_MEMBERS) {
    throw new JsonTextError(`an object in it has more than ${MAXIMUM_JSON_MEMBERS} members; send an array`);
  }
  return count + own;
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
