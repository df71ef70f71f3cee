import { SkaldError } from './errors.js';
import { JsonTextError, readJson } from './json-text.js';
import type { Message } from './message.js';
import { sagaIdProblem } from './names.js';

/** What came over the wire is no message of Skald. The text says which attribute is wrong. */
export class MalformedMessageError extends SkaldError {
  readonly code = 'malformed_message';
}

const REQUIRED = ['id', 'source', 'type', 'namespace', 'sagaid'] as const;
const OPTIONAL = [
  'time',
  'datacontenttype',
  'sagaversion',
  'step',
  'replyto',
  'deadline',
  'compensates',
  'probes',
  'commandid',
  'requestid',
  'traceparent',
] as const;

const IDS: ReadonlySet<string> = new Set(['id', 'commandid', 'requestid', 'compensates', 'probes']);
/** Every id that Skald makes is shorter. */
const LONGEST_ID = 3_000;
const LONGEST_ATTRIBUTE = 1_000;
/** What CloudEvents allows in no attribute, beside halves of characters. */
// oxlint-disable-next-line no-control-regex -- control characters are just what must be kept out
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function checkText(name: string, text: string): void {
  const longest = IDS.has(name) ? LONGEST_ID : LONGEST_ATTRIBUTE;
  if (text.length > longest) {
    throw new MalformedMessageError(`the attribute '${name}' is longer than ${longest} characters`);
  }
  if (CONTROL.test(text) || !text.isWellFormed()) {
    throw new MalformedMessageError(`the attribute '${name}' holds a control character or half a character`);
  }
}

/**
 * Parses the JSON text of a message, or of its data, as `readJson` does.
 *
 * @throws MalformedMessageError
 */
export function readMessageText(text: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    throw new MalformedMessageError(error.message.replace(/\bit\b/, 'the value'));
  }
}

/**
 * Checks that a parsed JSON value is a CloudEvent with the attributes that Skald needs.
 *
 * @throws MalformedMessageError naming the attribute
 */
export function readMessage(value: unknown): Message {
  if (!isRecord(value)) throw new MalformedMessageError('the message is not a JSON object');
  if (value['specversion'] !== '1.0') {
    throw new MalformedMessageError("the attribute 'specversion' must be '1.0'");
  }
  for (const name of REQUIRED) {
    const attribute = value[name];
    if (typeof attribute !== 'string' || attribute === '') {
      throw new MalformedMessageError(`the attribute '${name}' is missing`);
    }
    checkText(name, attribute);
  }
  for (const name of OPTIONAL) {
    const attribute = value[name];
    if (attribute === undefined) continue;
    if (typeof attribute !== 'string') {
      throw new MalformedMessageError(`the attribute '${name}' must be a string`);
    }
    checkText(name, attribute);
  }
  const problem = sagaIdProblem(value['sagaid']);
  if (problem !== undefined) throw new MalformedMessageError(`the attribute 'sagaid': ${problem}`);
  const attempt = wholeNumber(value, 'attempt');
  const timeout = wholeNumber(value, 'timeout');
  const message = value as unknown as Message;
  if (attempt === value['attempt'] && timeout === value['timeout']) return message;
  return { ...message, ...(attempt !== undefined && { attempt }), ...(timeout !== undefined && { timeout }) };
}

/** In binary mode every attribute is text. */
function wholeNumber(value: Record<string, unknown>, name: 'attempt' | 'timeout'): number | undefined {
  const attribute = value[name];
  if (attribute === undefined) return undefined;
  const number = typeof attribute === 'string' && attribute !== '' ? Number(attribute) : attribute;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 1) return number;
  throw new MalformedMessageError(`the attribute '${name}' must be a whole number from 1`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
