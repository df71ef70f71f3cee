import { describe, expect, it } from '@jest/globals';
import type { Message } from '@skald/core';
import { decode, encode, type RawRecord } from './envelope.js';

const message: Message = {
  specversion: '1.0',
  id: 'm-1',
  source: '/test',
  type: 'order.placed',
  datacontenttype: 'application/json',
  namespace: 'shop',
  sagaid: 'order-7',
  attempt: 2,
  data: { amount: 12 },
};

const attributes = {
  ce_specversion: '1.0',
  ce_id: 'm-1',
  ce_source: '/test',
  ce_type: 'order.placed',
  ce_namespace: 'shop',
  ce_sagaid: 'order-7',
};

function bytes(record: ReturnType<typeof encode>): RawRecord {
  return { value: Buffer.from(record.value ?? ''), ...(record.headers && { headers: record.headers }) };
}

function raw(value: string | null, headers: Record<string, string> = {}): RawRecord {
  const inBytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
  return { value: value === null ? null : Buffer.from(value), headers: Object.fromEntries(inBytes) };
}

describe('the envelope, written', () => {
  it('is keyed by the saga and has the content type as its only header', () => {
    expect(encode(message)).toEqual({
      key: 'order-7',
      value: Buffer.from(JSON.stringify(message)),
      headers: { 'content-type': 'application/cloudevents+json' },
    });
  });

  it('carries the trace context in a header too, when there is one', () => {
    const { headers } = encode({ ...message, traceparent: '00-ab-cd-01' });

    expect(headers).toEqual({ 'content-type': 'application/cloudevents+json', traceparent: '00-ab-cd-01' });
  });

  it('is read back as it was written', () => {
    expect(decode(bytes(encode(message)))).toEqual({ kind: 'message', message });
  });
});

describe('the envelope, read', () => {
  it.each([
    ['without any header', {}],
    [
      'with parameters behind the content type',
      { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
    ],
  ])('takes structured mode %s', (_how, headers) => {
    expect(decode(raw(JSON.stringify(message), headers))).toEqual({ kind: 'message', message });
  });

  it('takes the trace context from the header when the event has none', () => {
    const decoded = decode(raw(JSON.stringify(message), { traceparent: '00-ab-cd-01' }));

    expect(decoded).toEqual({ kind: 'message', message: { ...message, traceparent: '00-ab-cd-01' } });
  });

  it('takes binary mode: attributes from headers, data from the value', () => {
    const decoded = decode(
      raw('{"amount":12}', { ...attributes, ce_attempt: '2', 'content-type': 'application/json' }),
    );

    expect(decoded).toEqual({ kind: 'message', message });
  });

  it.each([
    ['null', null],
    ['empty', ''],
  ])('takes binary mode without data when the value is %s', (_what, value) => {
    const decoded = decode(raw(value, attributes));

    expect(decoded).toMatchObject({ kind: 'message', message: { id: 'm-1' } });
    expect(decoded).not.toHaveProperty('message.data');
  });

  it.each<[string, RawRecord, string]>([
    ['a value that is not JSON', raw('secret'), 'the value is not JSON'],
    ['an empty value', raw(null), 'the value is empty'],
    ['a list', raw('[]'), 'the message is not a JSON object'],
    ['another specversion', raw('{"specversion":"0.3"}'), "the attribute 'specversion' must be '1.0'"],
    [
      'a missing attribute in structured mode',
      raw(JSON.stringify({ ...message, sagaid: undefined })),
      "the attribute 'sagaid' is missing",
    ],
    [
      'a missing attribute in binary mode',
      raw('{}', { ...attributes, ce_sagaid: '' }),
      "the attribute 'sagaid' is missing",
    ],
    [
      'an attempt that is no number',
      raw('{}', { ...attributes, ce_attempt: 'two' }),
      "the attribute 'attempt' must be a whole number from 1",
    ],
    [
      'data of another type',
      raw('<a/>', { ...attributes, 'content-type': 'application/xml' }),
      "the content type 'application/xml' is not read; send 'application/json'",
    ],
    [
      'a batch of events',
      raw('[]', { 'content-type': 'application/cloudevents-batch+json' }),
      "the content type 'application/cloudevents-batch+json' is not read; send 'application/cloudevents+json'",
    ],
  ])('refuses %s and says why', (_what, record, reason) => {
    expect(decode(record)).toEqual({ kind: 'malformed', code: 'malformed_message', reason });
  });
});
