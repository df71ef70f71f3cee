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
    expect(decode(record)).toMatchObject({ kind: 'malformed', code: 'malformed_message', reason });
  });

  it('takes structured mode with data in base64, and null for what is not there', () => {
    const { data, ...event } = message;
    const data_base64 = Buffer.from(JSON.stringify(data)).toString('base64');
    const value = JSON.stringify({ ...event, data_base64, time: null, subject: null });
    expect(decode(raw(value))).toEqual({ kind: 'message', message });
  });

  it.each<[string, RawRecord]>([
    [
      'the value',
      { value: Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]) },
    ],
    ['the data', { ...raw(null, attributes), value: Buffer.from([0x22, 0xff, 0x22]) }],
    [
      'an attribute',
      { value: null, headers: { ...raw(null, attributes).headers, ce_step: Buffer.from([0xff]) } },
    ],
    ['the content type', { value: null, headers: { 'content-type': Buffer.from([0xff]) } }],
  ])('refuses what is no UTF-8 and changes nothing of it: %s', (_where, record) => {
    const before = Buffer.from(record.value ?? '');
    expect(decode(record)).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('is not UTF-8'),
    });
    expect(Buffer.from(record.value ?? '')).toEqual(before);
  });

  it.each<[string, Buffer | Buffer[]]>([
    ['no UTF-8', Buffer.from([0xff])],
    ['there twice', [Buffer.from('a'), Buffer.from('b')]],
  ])('takes a message without its trace when the header for that is %s', (_what, traceparent) => {
    const record = { value: Buffer.from(JSON.stringify(message)), headers: { traceparent } };
    expect(decode(record)).toEqual({ kind: 'message', message });
  });

  it.each<[string, RawRecord, string]>([
    [
      'an attribute twice',
      {
        value: null,
        headers: { ...raw(null, attributes).headers, ce_id: [Buffer.from('a'), Buffer.from('b')] },
      },
      "the header 'ce_id' is there twice",
    ],
    [
      'data in a header',
      raw('', { ...attributes, ce_data: 'x' }),
      "the header 'ce_data' is none of CloudEvents",
    ],
    ['a time that is none', raw('', { ...attributes, ce_time: 'x' }), "the attribute 'time' is no time"],
  ])('refuses binary mode with %s', (_what, record, reason) => {
    expect(decode(record)).toMatchObject({ kind: 'malformed', reason: expect.stringContaining(reason) });
  });

  it.each<[string, RawRecord]>([
    ['structured mode', raw(JSON.stringify({ ...message, specversion: '0.3' }))],
    [
      'structured mode with a number that is not exact',
      raw('{"id":"m-1","sagaid":"order-7","type":"order.placed","n":1e400}'),
    ],
    ['binary mode', raw('<a/>', { ...attributes, 'content-type': 'application/xml' })],
  ])('says who has sent what it refuses, in %s', (_what, record) => {
    const requester = { id: 'm-1', sagaid: 'order-7', type: 'order.placed' };
    expect(decode(record)).toMatchObject({ kind: 'malformed', requester });
  });
});
