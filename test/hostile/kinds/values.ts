import fc from 'fast-check';
import { INBOUND } from '../world.js';
import { changed, hostile, type Kinds, withRaw } from './hostile.js';

const ANY_TOPIC = fc.constantFrom(...INBOUND);

/** JSON of every nasty kind, and what is none. */
export const VALUE_KINDS: Kinds = {
  junk: fc
    .record({ topic: ANY_TOPIC, value: fc.string({ unit: 'binary', maxLength: 200 }) })
    .map(({ topic, value }) => hostile('junk', topic, false, () => ({ value, headers: {} }))),
  'no object': changed(
    'no object',
    fc.constantFrom('', ' ', 'null', '1', '[]', '"x"', 'true', '{', '{}', '[{}]').map((text) => () => text),
  ),
  'deep JSON': changed(
    'deep JSON',
    fc.record({ depth: fc.integer({ min: 101, max: 12_000 }), member: fc.boolean() }).map(
      ({ depth, member }) =>
        (message) =>
          withRaw(
            message,
            'data',
            member
              ? '{"item":'.repeat(depth) + '1' + '}'.repeat(depth)
              : '['.repeat(depth) + ']'.repeat(depth),
          ),
    ),
  ),
  'inexact JSON': changed(
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
        (raw) => (message) =>
          withRaw(message, 'data', `{"definition":"open","version":1,"input":{"item":${raw}},"item":${raw}}`),
      ),
  ),
  'prototype members': changed(
    'prototype members',
    fc
      .constantFrom(
        '{"__proto__":{"item":"x"}}',
        '{"constructor":{"prototype":{}}}',
        '{"definition":"constructor","input":{}}',
        '{"definition":"__proto__","input":{}}',
        '{"definition":"open","version":1,"input":{"__proto__":{"item":"x"},"item":"y"}}',
      )
      .map((raw) => (message) => withRaw(message, 'data', raw)),
    { mayBeIgnored: true },
  ),
  'large data': changed(
    'large data',
    fc.integer({ min: 100_000, max: 1_040_000 }).map((size) => (message) => ({
      ...message,
      data: { definition: 'open', version: 1, input: { item: 'l'.repeat(size) } },
    })),
    { mayBeIgnored: true },
  ),
};
