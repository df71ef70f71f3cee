import { SkaldError } from './errors.js';
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
  }
  for (const name of OPTIONAL) {
    const attribute = value[name];
    if (attribute !== undefined && typeof attribute !== 'string') {
      throw new MalformedMessageError(`the attribute '${name}' must be a string`);
    }
  }
  const problem = sagaIdProblem(value['sagaid']);
  if (problem !== undefined) throw new MalformedMessageError(`the attribute 'sagaid': ${problem}`);
  const attempt = value['attempt'];
  if (attempt === undefined) return value as unknown as Message;
  // In binary mode every attribute is text.
  const number = Number(attempt);
  if (!Number.isInteger(number) || number < 1) {
    throw new MalformedMessageError("the attribute 'attempt' must be a whole number from 1");
  }
  return attempt === number
    ? (value as unknown as Message)
    : { ...(value as unknown as Message), attempt: number };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
