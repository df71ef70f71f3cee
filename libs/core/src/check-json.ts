import { SkaldError } from './errors.js';
import { MAXIMUM_JSON_DEPTH, MAXIMUM_JSON_MEMBERS } from './json-text.js';
import { shortened, textProblem, thrownText } from './text.js';

/** What a user's function gave is not JSON. The message names the place and never a value. */
export class NotJsonError extends SkaldError {
  readonly code = 'not_json';
}

/**
 * Checks that a value which a user's function made stays what it is when it is written as JSON and read again. Members that
 * are `undefined` are left out by JSON and let pass. What has a `toJSON` is what that gives.
 *
 * @param what names the value in the error: `the payload of 'store job'`
 * @throws NotJsonError for bigints, functions, symbols, NaN, infinity and -0, dates that are none, other objects of JavaScript's own
 *   (maps, sets, promises, bytes), `undefined` in arrays, NUL and halves of characters in strings, more than
 *   `MAXIMUM_JSON_DEPTH` levels, more than `MAXIMUM_JSON_MEMBERS` members in one object, cycles, and whatever throws when it is read
 */
export function checkJson(value: unknown, what: string): void {
  let problem: Problem | undefined;
  try {
    problem = problemOf(value, 1);
  } catch (error) {
    throw new NotJsonError(`${what} cannot be read: ${thrownText(error, 200)}`, { cause: error });
  }
  if (problem === undefined) return;
  const place = problem.path.length === 0 ? what : `${what}, at '${pathText(problem.path)}',`;
  throw new NotJsonError(`${place} ${problem.text}; give JSON data`);
}

interface Problem {
  readonly text: string;
  /** From the outside in. */
  readonly path: readonly string[];
}

function problemOf(value: unknown, depth: number): Problem | undefined {
  switch (typeof value) {
    case 'string': {
      const problem = textProblem(value);
      return problem && { text: `holds ${problem}`, path: [] };
    }
    case 'number':
      if (!Number.isFinite(value)) return { text: `is ${value}`, path: [] };
      return Object.is(value, -0) ? { text: 'is -0, which would come back as 0', path: [] } : undefined;
    case 'boolean':
      return undefined;
    case 'object':
      return value === null ? undefined : problemOfObject(value, depth);
    default:
      return { text: `is ${typeof value}`, path: [] };
  }
}

function problemOfObject(value: object, depth: number): Problem | undefined {
  if (depth > MAXIMUM_JSON_DEPTH) {
    return { text: `nests deeper than ${MAXIMUM_JSON_DEPTH} levels, or holds itself`, path: [] };
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const given: unknown = value.toJSON('');
    if (given === null && value instanceof Date) return { text: 'is a date that is none', path: [] };
    return problemOf(given, depth + 1);
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const problem = problemOf(value[index], depth + 1);
      if (problem !== undefined) return within(String(index), problem);
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && isBuiltIn(value)) {
    return { text: `is a ${tagOf(value)}`, path: [] };
  }
  const names = Object.keys(value);
  if (names.length > MAXIMUM_JSON_MEMBERS) {
    return { text: `has more than ${MAXIMUM_JSON_MEMBERS} members`, path: [] };
  }
  for (const name of names) {
    const member: unknown = (value as Readonly<Record<string, unknown>>)[name];
    if (member === undefined) continue;
    const inName = textProblem(name);
    const problem = inName
      ? { text: `has a name that holds ${inName}`, path: [] }
      : problemOf(member, depth + 1);
    if (problem !== undefined) return within(name, problem);
  }
  return undefined;
}

/** An object of JavaScript's own: what is in it is no member that JSON would write. */
function isBuiltIn(value: object): boolean {
  return BUILT_IN.has(tagOf(value)) || ArrayBuffer.isView(value);
}

const BUILT_IN: ReadonlySet<string> = new Set(
  'Map Set WeakMap WeakSet WeakRef Promise RegExp Error Number String Boolean BigInt Symbol ArrayBuffer'.split(
    ' ',
  ),
);

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

function within(name: string, { text, path }: Problem): Problem {
  return { text, path: [name, ...path] };
}

function pathText(path: readonly string[]): string {
  return shortened(path.map((name) => (textProblem(name) === undefined ? name : '?')).join('.'), 200);
}
