import { DefinitionError } from './errors.js';

const IDENTIFIER = /^[a-z][a-z0-9-]{0,62}$/;
const STEP_NAME = /^[^\s/](?:[^\n\r/]{0,98}[^\s/])?$/u;
const DATA_NAME = /^[a-zA-Z_$][\w$]{0,62}$/;
// oxlint-disable-next-line no-control-regex -- control characters are just what must be kept out
const SAGA_ID = /^[^\u0000-\u001f\u007f]{1,200}$/u;

/** Names of namespaces, definitions and participants: they become part of topic names. */
export function checkIdentifier(subject: string, option: string, name: unknown): void {
  // Not only by the expression, which would take `undefined` for a word.
  if (typeof name !== 'string' || !IDENTIFIER.test(name)) {
    throw new DefinitionError(
      subject,
      option,
      `${JSON.stringify(name)} is not a name; use 1 to 63 lower-case letters, digits and hyphens, starting with a letter`,
    );
  }
}

export function checkStepName(subject: string, name: string): void {
  if (!STEP_NAME.test(name)) {
    throw new DefinitionError(
      subject,
      'name',
      `${JSON.stringify(name)} is not a step name; use 1 to 100 characters on one line, without '/' and outer spaces`,
    );
  }
}

export function checkDataName(subject: string, name: string): void {
  // What every object has would be read where there is no reply yet.
  if (!DATA_NAME.test(name) || name === 'input' || Object.hasOwn(Object.prototype, name)) {
    throw new DefinitionError(
      subject,
      'as',
      `${JSON.stringify(name)} cannot name a reply; use an identifier other than 'input' and what every object has`,
    );
  }
}

/** Half of a character: it would not come back from the database as it went in. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Says what is wrong with a saga id, or nothing. An id is the caller's: any 1 to 200 printable characters. But not `.` and
 * `..`: in the path of an address they mean "here" and "one up", and whatever resolves paths takes them out, so such a saga
 * could never be reached over REST.
 */
export function sagaIdProblem(id: unknown): string | undefined {
  if (id === '.' || id === '..') return `a saga id must not be '${id}', which cannot stand in an address`;
  return typeof id === 'string' && SAGA_ID.test(id) && !LONE_SURROGATE.test(id)
    ? undefined
    : 'a saga id is a string of 1 to 200 characters without control characters';
}
