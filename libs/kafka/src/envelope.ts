import { isUtf8 } from 'node:buffer';
import {
  isJsonType,
  isRecord,
  MalformedMessageError,
  type Message,
  printable,
  readMessage,
  readMessageText,
  readRequester,
  readRequesterText,
  type Requester,
} from '@skald/core';
import type { IHeaders, Message as KafkaRecord } from 'kafkajs';

const STRUCTURED = 'application/cloudevents+json';
const STRUCTURED_BYTES = Buffer.from(STRUCTURED);
/** What the headers of attributes begin with, in binary mode. */
const ATTRIBUTE = 'ce_';
/** Members of an event that are no attributes. */
const DATA: ReadonlySet<string> = new Set(['data', 'data_base64']);
const HEADERS = { 'content-type': STRUCTURED };

/** What a record holds, as far as the envelope is concerned. */
export interface RawRecord {
  readonly value: Buffer | null;
  readonly headers?: IHeaders;
}

export type Decoded =
  | { readonly kind: 'message'; readonly message: Message }
  | {
      readonly kind: 'malformed';
      readonly code: string;
      readonly reason: string;
      /** Who has sent it, as far as that can be read. */
      readonly requester: Requester | undefined;
    };

/** Writes a message in structured mode: the whole event is the value. Every further header would cost CPU. */
export function encode(message: Message): KafkaRecord {
  return {
    key: message.sagaid,
    value: Buffer.from(JSON.stringify(message)),
    headers: message.traceparent === undefined ? HEADERS : { ...HEADERS, traceparent: message.traceparent },
  };
}

/**
 * Reads a message in structured or in binary mode. Never throws.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export function decode(record: RawRecord): Decoded {
  try {
    return { kind: 'message', message: readMessage(withTraceparent(eventOf(record), record.headers)) };
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error;
    return { kind: 'malformed', code: error.code, reason: error.message, requester: requesterOf(record) };
  }
}

function requesterOf({ value, headers = {} }: RawRecord): Requester | undefined {
  const names = Object.keys(headers).filter((name) => name.startsWith(ATTRIBUTE));
  if (names.length === 0) return value === null ? undefined : readRequesterText(value.toString('utf8'));
  const attributes = names.map((name) => [name.slice(ATTRIBUTE.length), String(headers[name])]);
  return readRequester(Object.fromEntries(attributes));
}

function eventOf({ value, headers = {} }: RawRecord): unknown {
  const { 'content-type': type } = headers;
  // As our own records have it.
  if (Buffer.isBuffer(type) && type.equals(STRUCTURED_BYTES)) return parse(value);
  const contentType = textOf('content-type', type);
  if (contentType?.startsWith('application/cloudevents') === true) {
    if (isMediaType(contentType, STRUCTURED)) return parse(value);
    throw new MalformedMessageError(`the content type '${contentType}' is not read; send '${STRUCTURED}'`);
  }
  const attributes = binaryAttributes(headers);
  if (contentType === undefined && attributes.length === 0) return parse(value);

  if (contentType !== undefined && !isJsonType(contentType)) {
    throw new MalformedMessageError(`the content type '${contentType}' is not read; send 'application/json'`);
  }
  return {
    ...Object.fromEntries(attributes),
    ...(contentType !== undefined && { datacontenttype: contentType }),
    ...(value !== null && value.length > 0 && { data: parse(value) }),
  };
}

function binaryAttributes(headers: IHeaders): [string, string | undefined][] {
  return Object.keys(headers)
    .filter((name) => name.startsWith(ATTRIBUTE))
    .map((name) => {
      const attribute = name.slice(ATTRIBUTE.length);
      if (DATA.has(attribute)) throw new MalformedMessageError(`the header '${name}' is none of CloudEvents`);
      return [attribute, textOf(name, headers[name])];
    });
}

function withTraceparent(event: unknown, headers: IHeaders = {}): unknown {
  const traceparent = traceOf(headers['traceparent']);
  if (traceparent === undefined || !isRecord(event) || event['traceparent'] !== undefined) return event;
  return { ...event, traceparent };
}

function parse(value: Buffer | null): unknown {
  if (value === null) throw new MalformedMessageError('the value is empty');
  if (!isUtf8(value)) throw new MalformedMessageError('the value is not UTF-8');
  return readMessageText(value.toString('utf8'));
}

function isMediaType(contentType: string, type: string): boolean {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() === type;
}

/** Where it cannot be read there is no trace, and the message counts all the same. */
function traceOf(header: IHeaders[string]): string | undefined {
  if (header === undefined || typeof header === 'string') return header;
  return Array.isArray(header) || !isUtf8(header) ? undefined : header.toString('utf8');
}

/** What is there twice could be read in two ways, and what is no UTF-8 would be changed by reading it. */
function textOf(name: string, header: IHeaders[string]): string | undefined {
  if (header === undefined || typeof header === 'string') return header;
  if (Array.isArray(header)) throw new MalformedMessageError(`the header '${shown(name)}' is there twice`);
  if (!isUtf8(header)) throw new MalformedMessageError(`the header '${shown(name)}' is not UTF-8`);
  return header.toString('utf8');
}

function shown(name: string): string {
  return printable(name, 100);
}
