import fc from 'fast-check';
import { type Attributes, ATTRIBUTES, SOUND_NAMES, soundMessage, topicOf } from '../messages.js';
import { INBOUND } from '../world.js';
import { hostile, type Hostile, type Kinds } from './hostile.js';

type Headers = Record<string, string | readonly string[]>;

function binary(
  kind: string,
  change: fc.Arbitrary<(headers: Headers) => Headers>,
  mayBeIgnored = true,
): fc.Arbitrary<Hostile> {
  return fc.record({ sound: fc.constantFrom(...SOUND_NAMES), change }).map(({ sound, change: by }) =>
    hostile(kind, topicOf(sound), mayBeIgnored, ({ name, namespace }) => {
      const { data, ...attributes } = soundMessage(sound, name, namespace);
      return { value: JSON.stringify(data ?? null), headers: by(headersOf(attributes)) };
    }),
  );
}

function headersOf({ datacontenttype, ...attributes }: Attributes): Headers {
  const own = Object.entries(attributes).map(([name, value]) => [`ce_${name}`, String(value)]);
  return {
    ...Object.fromEntries<string>(own.map(([name = '', value = '']) => [name, value])),
    'content-type': String(datacontenttype),
  };
}

const HEADER = fc.constantFrom(...ATTRIBUTES.map((name) => `ce_${name}`), 'content-type');

/** Messages whose attributes are headers; only a broker carries the headers of all of them. */
export const BINARY_KINDS: Kinds = {
  'binary mode': binary(
    'binary mode',
    fc.constant((headers) => headers),
  ),
  'binary, header missing': binary(
    'binary, header missing',
    HEADER.map(
      (name) =>
        ({ [name]: _, ...headers }) =>
          headers,
    ),
  ),
  'binary, header wrong': binary(
    'binary, header wrong',
    fc
      .tuple(
        HEADER,
        fc.constantFrom('', '%', '%00', '\u0000', '{}', '-1', '1e9', 'x', 'ü'.repeat(300), '2.0'),
      )
      .map(([name, value]) => (headers) => ({ ...headers, [name]: value })),
  ),
  'binary, header huge': binary(
    'binary, header huge',
    fc
      .tuple(HEADER, fc.integer({ min: 1_000, max: 300_000 }))
      .map(([name, size]) => (headers) => ({ ...headers, [name]: 'h'.repeat(size) })),
  ),
  'binary, header twice': binary(
    'binary, header twice',
    HEADER.map((name) => (headers) => ({ ...headers, [name]: [String(headers[name] ?? 'x'), 'y'] })),
  ),
};

/** So few and plain that memory carries them. */
export const BROKEN_BINARY_KINDS: Kinds = {
  'broken binary mode': fc
    .record({
      topic: fc.constantFrom(...INBOUND),
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
    .map(({ topic, headers }) =>
      hostile('broken binary mode', topic, false, () => ({ value: '{"x":1}', headers })),
    ),
};
