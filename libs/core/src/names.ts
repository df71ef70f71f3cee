import { DefinitionError } from './errors.js';
import { encodedLength } from './ids.js';
import { attributeProblem } from './text.js';

const IDENTIFIER = /^[a-z][a-z0-9-]{0,62}$/;
const STEP_NAME = /^[^\s/](?:[^\n\r/]{0,98}[^\s/])?$/u;
const DATA_NAME = /^[a-zA-Z_$][\w$]{0,62}$/;

/**
 * How long they may be percent-encoded, as they stand in the ids of commands. With both at their longest, and all else of an
 * id, too, it is one that doors and participants take. Every saga id of 200 UTF-16 units fits, and so does that of any child.
 */
const LONGEST_ENCODED_ID = 1_800;
const LONGEST_ENCODED_STEP = 450;
const LONGEST_ID = 200;

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

export function checkStepName(subject: string, name: unknown): void {
  if (typeof name !== 'string' || !STEP_NAME.test(name) || attributeProblem(name) !== undefined) {
    throw new DefinitionError(
      subject,
      'name',
      `${JSON.stringify(name)} is not a step name; use 1 to 100 characters on one line, without '/', control characters and outer spaces`,
    );
  }
  if (encodedLength(name) > LONGEST_ENCODED_STEP) {
    const problem = `${JSON.stringify(name)} is too long; percent-encoded, a step name has at most ${LONGEST_ENCODED_STEP} characters`;
    throw new DefinitionError(subject, 'name', problem);
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

/**
 * Says what is wrong with a saga id, or nothing. An id is the caller's: any 1 to 200 printable characters, of which 1,800
 * remain when they are percent-encoded; that is exceeded by more than 150 characters such as emoji only. But not `.` and
 * `..`: in the path of an address they mean "here" and "one up", and whatever resolves paths takes them out, so such a saga
 * could never be reached over REST.
 */
export function sagaIdProblem(id: unknown): string | undefined {
  if (id === '.' || id === '..') return `a saga id must not be '${id}', which cannot stand in an address`;
  if (typeof id !== 'string' || !isOfLength(id) || attributeProblem(id) !== undefined) {
    return `a saga id is a string of 1 to ${LONGEST_ID} characters without control characters`;
  }
  // No UTF-16 unit takes more than nine characters.
  return id.length <= LONGEST_ENCODED_ID / 9 || encodedLength(id) <= LONGEST_ENCODED_ID
    ? undefined
    : `a saga id has at most ${LONGEST_ENCODED_ID} characters when it is percent-encoded`;
}

/** A character outside the first plane is two UTF-16 units, and counts once. */
function isOfLength(id: string): boolean {
  if (id.length <= LONGEST_ID) return id !== '';
  return id.length <= 2 * LONGEST_ID && [...id].length <= LONGEST_ID;
}
