import { SkaldError } from './errors.js';
import { JsonTextError, outermostJson, readJson } from './json-text.js';
import type { Message } from './message.js';
import { sagaIdProblem } from './names.js';
import { attributeProblem, shortened } from './text.js';

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
/** In characters. No reader takes a longer id, and Skald makes none. */
export const LONGEST_ID = 3_000;
const LONGEST_ATTRIBUTE = 1_000;

function checkText(name: string, text: string): void {
  const longest = IDS.has(name) ? LONGEST_ID : LONGEST_ATTRIBUTE;
  if (text.length > longest) {
    throw new MalformedMessageError(`the attribute '${name}' is longer than ${longest} characters`);
  }
  const problem = attributeProblem(text);
  if (problem !== undefined) throw new MalformedMessageError(`the attribute '${name}' holds ${problem}`);
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
  let isTidy = value['data_base64'] === undefined;
  for (const name of OPTIONAL) {
    const attribute = value[name];
    if (attribute === undefined) continue;
    if (attribute === null) {
      isTidy = false;
      continue;
    }
    if (typeof attribute !== 'string') {
      throw new MalformedMessageError(`the attribute '${name}' must be a string`);
    }
    checkText(name, attribute);
  }
  checkKinds(value);
  const problem = sagaIdProblem(value['sagaid']);
  if (problem !== undefined) throw new MalformedMessageError(`the attribute 'sagaid': ${problem}`);
  const attempt = wholeNumber(value, 'attempt');
  const timeout = wholeNumber(value, 'timeout');
  const message = (isTidy ? value : tidied(value)) as unknown as Message;
  if (attempt === value['attempt'] && timeout === value['timeout']) return message;
  return { ...message, ...(attempt !== undefined && { attempt }), ...(timeout !== undefined && { timeout }) };
}

/** The media type of JSON, or of something that is written in it. */
export function isJsonType(contentType: string): boolean {
  return contentType === 'application/json' || /^[^\s/;]+\/(?:[^\s/;]+\+)?json\s*(?:;|$)/i.test(contentType);
}

/** RFC 3339, where a time has an offset and a day may have a leap second. */
const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt ](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function checkKinds({ time, datacontenttype }: Record<string, unknown>): void {
  if (typeof time === 'string' && !TIME.test(time)) {
    throw new MalformedMessageError("the attribute 'time' is no time; write it as in RFC 3339");
  }
  if (typeof datacontenttype === 'string' && !isJsonType(datacontenttype)) {
    throw new MalformedMessageError(
      `data of the type '${shortened(datacontenttype, 100)}' is not read; send 'application/json'`,
    );
  }
}

/** Without attributes that are `null`, which in CloudEvents means that they are not there, and with the data as data. */
function tidied(event: Record<string, unknown>): Record<string, unknown> {
  const set = Object.entries(event).filter(([name, attribute]) => attribute !== null || name === 'data');
  const { data_base64: packed, ...rest } = Object.fromEntries(set);
  if (packed === undefined) return rest;
  if (rest['data'] !== undefined) {
    throw new MalformedMessageError("only one of 'data' and 'data_base64' may be there");
  }
  return { ...rest, data: readMessageText(unpacked(packed)) };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function unpacked(base64: unknown): string {
  if (typeof base64 !== 'string' || base64.length % 4 !== 0 || !BASE64.test(base64)) {
    throw new MalformedMessageError("'data_base64' is not base64");
  }
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MalformedMessageError("what is in 'data_base64' is not UTF-8");
  }
}

/** In binary mode every attribute is text. */
function wholeNumber(value: Record<string, unknown>, name: 'attempt' | 'timeout'): number | undefined {
  const attribute = value[name];
  if (attribute === undefined || attribute === null) return undefined;
  const number = typeof attribute === 'string' && attribute !== '' ? Number(attribute) : attribute;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 1) return number;
  throw new MalformedMessageError(`the attribute '${name}' must be a whole number from 1`);
}

/** Who has sent something that is no message as a whole, as far as an answer needs it. */
export interface Requester {
  readonly id: string;
  readonly sagaid: string;
  /** Undefined when that is what cannot be read. */
  readonly type: string | undefined;
}

/**
 * Reads of an event that `readMessage` refuses who is to be told so.
 *
 * @returns nothing when its id or its saga's id are not what they must be
 */
export function readRequester(event: unknown): Requester | undefined {
  if (!isRecord(event)) return undefined;
  const { id, sagaid, type } = event;
  if (typeof id !== 'string' || typeof sagaid !== 'string' || sagaIdProblem(sagaid) !== undefined)
    return undefined;
  if (id === '' || id.length > LONGEST_ID || attributeProblem(id) !== undefined) return undefined;
  // An id with this sign may have been another one before it was read.
  if (id.includes('\ufffd') || sagaid.includes('\ufffd')) return undefined;
  return { id, sagaid, type: typeof type === 'string' ? type : undefined };
}

/** The same of a text. It need not be what `readMessageText` takes, but an object whose own members are JSON. */
export function readRequesterText(text: string): Requester | undefined {
  try {
    // What is in those may be what was refused, and is not read a second time.
    return readRequester(JSON.parse(outermostJson(text) ?? ''));
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
