import { isUtf8 } from 'node:buffer';
import { isRecord, MalformedMessageError, type Message, readMessage, readMessageText } from '@skald/core';
import type { IHeaders, Message as KafkaRecord } from 'kafkajs';

const STRUCTURED = 'application/cloudevents+json';
const HEADERS = { 'content-type': STRUCTURED };

/** What a record holds, as far as the envelope is concerned. */
export interface RawRecord {
  readonly value: Buffer | null;
  readonly headers?: IHeaders;
}

export type Decoded =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'malformed'; readonly code: string; readonly reason: string };

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
    return { kind: 'malformed', code: error.code, reason: error.message };
  }
}

function eventOf({ value, headers = {} }: RawRecord): unknown {
  const contentType = textOf(headers['content-type']);
  if (contentType === STRUCTURED) return parse(value);
  if (contentType?.startsWith('application/cloudevents') === true) {
    if (isMediaType(contentType, STRUCTURED)) return parse(value);
    throw new MalformedMessageError(`the content type '${contentType}' is not read; send '${STRUCTURED}'`);
  }
  const attributes = binaryAttributes(headers);
  if (contentType === undefined && attributes.length === 0) return parse(value);

  if (contentType !== undefined && !isJson(contentType)) {
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
    .filter((name) => name.startsWith('ce_'))
    .map((name) => [name.slice('ce_'.length), textOf(headers[name])]);
}

function withTraceparent(event: unknown, headers: IHeaders = {}): unknown {
  const traceparent = textOf(headers['traceparent']);
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

function isJson(contentType: string): boolean {
  return (
    isMediaType(contentType, 'application/json') || /^[\w.-]+\/[\w.-]+\+json(?:\s*;|$)/i.test(contentType)
  );
}

function textOf(header: IHeaders[string]): string | undefined {
  const first = Array.isArray(header) ? header[0] : header;
  return first?.toString();
}
