import { commandId, ReplyType, RequestType } from '@skald/core';
import fc from 'fast-check';
import type { Inbound, RawRecord } from './world.js';

/** A hostile record: how it is made once it is known which it is. */
export interface Hostile {
  readonly kind: string;
  /** Nothing need be told of it: it is well-formed, and does nothing or does what it says. */
  readonly mayBeSilent: boolean;
  readonly topic: Inbound;
  /** @param name its own, also its key; @param namespace of the system */
  readonly make: (name: string, namespace: string) => Pick<RawRecord, 'value' | 'headers'>;
}

type Attributes = Record<string, unknown>;

/** A message that would be well-formed, of its topic's kind. */
function sound(topic: Inbound, name: string, namespace: string): Attributes {
  const common = { specversion: '1.0', id: name, source: '/hostile', namespace, sagaid: `victim-${name}` };
  switch (topic) {
    case 'requests':
      return {
        ...common,
        type: RequestType.start,
        data: { definition: 'open', version: 1, input: { item: 'x' } },
      };
    case 'replies': {
      const ref = { namespace, definition: 'good@1', sagaId: common.sagaid, step: 'reserve' };
      const commandid = commandId({ ...ref, direction: 'do', visit: 1 });
      return { ...common, type: ReplyType.succeeded, commandid, data: { place: 1 } };
    }
    case 'commands':
      return {
        ...common,
        type: 'stock.reserve',
        sagaversion: 'good@1',
        step: 'reserve',
        attempt: 1,
        replyto: `${namespace}.saga.replies`,
        data: { item: 'x' },
      };
  }
}

const TOPICS = fc.constantFrom<Inbound>('requests', 'replies', 'commands');
const REQUIRED = ['specversion', 'id', 'source', 'type', 'namespace', 'sagaid'] as const;
const WRONG = fc.constantFrom<unknown>(7, true, [], {}, ['x'], { x: 1 }, 1.5, '');
/** Texts that something on the way may not take. */
const NASTY_TEXT = fc.constantFrom(
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\u001b[2J',
  'line\nbreak',
  '__proto__',
  'constructor',
  '../..',
  '%00',
  "'; DROP TABLE skald_instance; --",
  '\u202e',
  'ÿ'.repeat(300),
);

function structured(value: string): Pick<RawRecord, 'value' | 'headers'> {
  return { value, headers: { 'content-type': 'application/cloudevents+json' } };
}

/** A sound message, changed; in structured mode. */
function changed(
  kind: string,
  change: fc.Arbitrary<(message: Attributes, namespace: string) => Attributes | string>,
  { topic = TOPICS, mayBeSilent = false }: { topic?: fc.Arbitrary<Inbound>; mayBeSilent?: boolean } = {},
): fc.Arbitrary<Hostile> {
  return fc.record({ topic, change }).map(({ topic: to, change: by }) => ({
    kind,
    mayBeSilent,
    topic: to,
    make: (name, namespace) => {
      const result = by(sound(to, name, namespace), namespace);
      return structured(typeof result === 'string' ? result : JSON.stringify(result));
    },
  }));
}

/** Puts raw JSON text in the place of a member of `data`. */
function withRaw(message: Attributes, raw: string): string {
  return JSON.stringify({ ...message, data: '@raw@' }).replace('"@raw@"', () => raw);
}

const REQUESTS = fc.constant<Inbound>('requests');
const REPLIES = fc.constant<Inbound>('replies');
const COMMANDS = fc.constant<Inbound>('commands');

const request = (
  kind: string,
  fields: fc.Arbitrary<Attributes>,
  mayBeSilent = false,
): fc.Arbitrary<Hostile> =>
  changed(
    kind,
    fields.map((more) => (message) => ({ ...message, ...more })),
    { topic: REQUESTS, mayBeSilent },
  );

/** Every kind of hostile record, by its name. */
export const KINDS: Readonly<Record<string, fc.Arbitrary<Hostile>>> = Object.fromEntries(
  [
    fc
      .record({ topic: TOPICS, value: fc.string({ unit: 'binary', maxLength: 200 }) })
      .map(({ topic, value }): Hostile => ({
        kind: 'junk',
        mayBeSilent: false,
        topic,
        make: () => ({ value, headers: {} }),
      })),
    changed(
      'no object',
      fc.constantFrom('', ' ', 'null', '1', '[]', '"x"', 'true', '{', '{}', '[{}]').map((text) => () => text),
    ),
    changed(
      'attribute missing',
      fc.constantFrom(...REQUIRED).map(
        (name) =>
          ({ [name]: _, ...message }) =>
            message,
      ),
    ),
    changed(
      'attribute null',
      fc.constantFrom(...REQUIRED).map((name) => (message) => ({ ...message, [name]: null })),
    ),
    changed(
      'attribute of another type',
      fc
        .tuple(
          fc.constantFrom(...REQUIRED, 'commandid', 'replyto', 'compensates', 'attempt', 'deadline'),
          WRONG,
        )
        .map(([name, value]) => (message) => ({ ...message, [name]: value })),
      { mayBeSilent: true },
    ),
    changed(
      'nasty text',
      fc
        .tuple(
          fc.constantFrom('id', 'type', 'sagaid', 'namespace', 'source', 'commandid', 'replyto', 'step'),
          NASTY_TEXT,
        )
        .map(([name, text]) => (message) => ({ ...message, [name]: text })),
      { mayBeSilent: true },
    ),
    changed(
      'huge attribute',
      fc
        .tuple(
          fc.constantFrom('id', 'type', 'sagaid', 'namespace', 'commandid', 'replyto'),
          fc.integer({ min: 1_000, max: 300_000 }),
        )
        .map(([name, size]) => (message) => ({ ...message, [name]: 'h'.repeat(size) })),
      { mayBeSilent: true },
    ),
    changed(
      'unknown type',
      fc
        .constantFrom('skald.saga.operate', 'x', 'skald.reply.maybe', 'constructor')
        .map((type) => (message) => ({ ...message, type })),
    ),
    changed(
      'another namespace',
      fc
        .constantFrom('other', 'shop2', 'a/b', 'SHOP')
        .map((namespace) => (message) => ({ ...message, namespace })),
    ),
    changed(
      'deep JSON',
      fc
        .integer({ min: 101, max: 8_000 })
        .map((depth) => (message) => withRaw(message, '['.repeat(depth) + ']'.repeat(depth))),
    ),
    changed(
      'inexact JSON',
      fc
        .constantFrom(
          '1e400',
          '9007199254740993',
          '-0',
          '{"a":1,"a":2}',
          '"\\u0000"',
          '"\\ud800"',
          '0.1234567890123456789012',
        )
        .map(
          (raw) => (message) => withRaw(message, `{"definition":"open","version":1,"input":{"item":${raw}}}`),
        ),
      { mayBeSilent: false },
    ),
    changed(
      'prototype members',
      fc
        .constantFrom(
          '{"__proto__":{"item":"x"}}',
          '{"constructor":{"prototype":{}}}',
          '{"definition":"constructor","input":{}}',
          '{"definition":"__proto__","input":{}}',
        )
        .map((raw) => (message) => withRaw(message, raw)),
      { mayBeSilent: true },
    ),
    request(
      'start of what nobody knows',
      fc.record({
        data: fc.constantFrom(
          { definition: 'nope', input: {} },
          { definition: 'open@1', input: {} },
          { definition: 'open', version: 9, input: {} },
          { definition: 'open', version: 1.5, input: {} },
          { definition: 'open', version: -1, input: {} },
          { definition: 'open', version: '1', input: {} },
          { definition: 7 },
          {},
        ),
      }),
    ),
    request(
      'start with bad input',
      fc.record({
        data: fc.constantFrom<unknown>(
          { definition: 'open' },
          { definition: 'open', input: null },
          { definition: 'open', input: [] },
          { definition: 'open', input: { item: 7 } },
          { definition: 'open', input: 'x' },
        ),
      }),
    ),
    request(
      'start that says where to reply',
      fc.record({
        replyto: fc.constantFrom('my.replies', 'no such topic!', 'ü'.repeat(300), ''),
        data: fc.constantFrom(
          { definition: 'nope', input: {} },
          { definition: 'open', version: 1, input: { item: 'x' } },
        ),
      }),
    ),
    request(
      'start with a far date',
      fc
        .constantFrom(
          '1970-01-01',
          '0000-01-01',
          '9999-12-31T24:00:00Z',
          '+275760-09-13T00:00:00Z',
          '-271821-04-20',
          'tomorrow',
          '1e9d',
        )
        .map((deliverOn) => ({ data: { definition: 'open', version: 1, input: { item: 'x', deliverOn } } })),
      true,
    ),
    request(
      'request to no saga',
      fc.constantFrom<Attributes>(
        { type: RequestType.signal, data: { signal: 'paid', data: {} } },
        { type: RequestType.signal, data: {} },
        { type: RequestType.call, data: { call: 'price', data: {} } },
        { type: RequestType.call, data: null },
        { type: RequestType.cancel, data: { reason: 'x' } },
        { type: RequestType.cancel },
        { type: RequestType.get, data: {} },
      ),
    ),
    request(
      'forged undo',
      fc
        .constantFrom<Attributes>(
          { compensates: '' },
          { compensates: 'x' },
          { compensates: 'a/b@1/c/d/do/1' },
          {},
        )
        .map((more) => ({
          type: RequestType.undo,
          replyto: 'my.replies',
          data: { definition: 'open', version: 1 },
          ...more,
        })),
    ),
    changed(
      'forged reply',
      fc
        .constantFrom<(message: Attributes, namespace: string) => Attributes>(
          (message) => ({ ...message, commandid: 'x' }),
          (message) => ({ ...message, commandid: `${String(message['commandid'])}/1` }),
          (message, namespace) => ({
            ...message,
            commandid: `${namespace}/good@1/${String(message['sagaid'])}//completed/3`,
          }),
          (message, namespace) => ({
            ...message,
            sagaid: 'good-0',
            commandid: `${namespace}/good@1/good-0/no%20step/do/1`,
          }),
          (message, namespace) => ({
            ...message,
            sagaid: 'good-0',
            commandid: `${namespace}/good@1/good-0/reserve/do/99`,
          }),
          (message, namespace) => ({
            ...message,
            sagaid: 'good-0',
            commandid: `${namespace}/good@7/good-0/reserve/do/1`,
          }),
          (message) => ({ ...message, data: { place: 'far' } }),
          (message) => ({
            ...message,
            type: ReplyType.rejected,
            data: { code: 'x'.repeat(100_000), message: '\u0007' },
          }),
          (message) => ({ ...message, type: ReplyType.failed, attempt: 1e9 }),
          (message) => message,
        )
        .map((change) => change),
      { topic: REPLIES, mayBeSilent: true },
    ),
    changed(
      'bad command',
      fc
        .constantFrom<Attributes>(
          { data: {} },
          { data: null },
          { data: { item: 7 } },
          { type: 'stock.dance' },
          { type: 'stock.release' },
          { type: 'stock.release', compensates: '' },
          { compensates: 'x' },
          { probes: '' },
          { replyto: 'no.such.topic' },
          { replyto: undefined },
          { replyto: 'not a topic!' },
          { attempt: 0 },
          { deadline: 'soon' },
          { deadline: '1970-01-01T00:00:00Z' },
        )
        .map((more) => (message) => ({ ...message, ...more })),
      { topic: COMMANDS, mayBeSilent: true },
    ),
    fc
      .record({
        topic: TOPICS,
        headers: fc.constantFrom<Record<string, string>>(
          { ce_specversion: '1.0' },
          { ce_specversion: '2.0', ce_id: 'x' },
          { 'content-type': 'application/xml' },
          { 'content-type': 'application/cloudevents-batch+json' },
          { 'content-type': 'application/avro', ce_specversion: '1.0' },
          { ce_specversion: '1.0', ce_id: 'x', ce_source: 'x', ce_type: 'x', ce_namespace: 'x' },
          {
            ce_specversion: '1.0',
            ce_id: '%00',
            ce_source: '%ZZ',
            ce_type: '%',
            ce_namespace: 'x',
            ce_sagaid: '%',
          },
          Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`ce_h${n}`, 'x'])),
        ),
      })
      .map(({ topic, headers }): Hostile => ({
        kind: 'binary mode',
        mayBeSilent: false,
        topic,
        make: () => ({ value: '{"x":1}', headers }),
      })),
  ].map((arbitrary) => [fc.sample(arbitrary, { seed: 1, numRuns: 1 })[0]?.kind ?? '', arbitrary]),
);

export const ANY_HOSTILE: fc.Arbitrary<Hostile> = fc.oneof(...Object.values(KINDS));
