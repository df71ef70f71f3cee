import fc from 'fast-check';
import { ATTRIBUTES, REQUIRED } from '../messages.js';
import { changed, type Kinds, withMember } from './hostile.js';

const ANY_ATTRIBUTE = fc.constantFrom(...ATTRIBUTES);
const REQUIRED_ATTRIBUTE = fc.constantFrom(...REQUIRED);
const WRONG = fc.constantFrom<unknown>(7, true, [], {}, ['x'], { x: 1 }, 1.5, '', -1, 1e21, 'x');

/** Texts that something on the way may not take. */
const NASTY_TEXT = fc.constantFrom(
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\u001b[2J',
  'line\nbreak',
  '__proto__',
  'constructor',
  '..',
  '../..',
  '%00',
  '%',
  "'; DROP TABLE skald_instance; --",
  '\u202e',
  'ÿ'.repeat(300),
  'no such topic!',
  'no.such.topic',
);

/** Every attribute of every message. */
export const ATTRIBUTE_KINDS: Kinds = {
  'required attribute missing': changed(
    'required attribute missing',
    REQUIRED_ATTRIBUTE.map(
      (name) =>
        ({ [name]: _, ...message }) =>
          message,
    ),
  ),
  'required attribute null': changed(
    'required attribute null',
    REQUIRED_ATTRIBUTE.map((name) => (message) => ({ ...message, [name]: null })),
  ),
  'any attribute missing': changed(
    'any attribute missing',
    ANY_ATTRIBUTE.map(
      (name) =>
        ({ [name]: _, ...message }) =>
          message,
    ),
    { mayBeIgnored: true },
  ),
  'wrong attribute': changed(
    'wrong attribute',
    fc.tuple(ANY_ATTRIBUTE, WRONG).map(([name, value]) => (message) => ({ ...message, [name]: value })),
    { mayBeIgnored: true },
  ),
  'nasty text': changed(
    'nasty text',
    fc.tuple(ANY_ATTRIBUTE, NASTY_TEXT).map(([name, text]) => (message) => ({ ...message, [name]: text })),
    { mayBeIgnored: true },
  ),
  'huge attribute': changed(
    'huge attribute',
    fc
      .tuple(ANY_ATTRIBUTE, fc.integer({ min: 1_000, max: 300_000 }))
      .map(([name, size]) => (message) => ({ ...message, [name]: 'h'.repeat(size) })),
    { mayBeIgnored: true },
  ),
  'attribute twice': changed(
    'attribute twice',
    fc.record({ name: ANY_ATTRIBUTE, value: fc.constantFrom('"x"', '7', 'null', '{"item":"x"}') }).map(
      ({ name, value }) =>
        (message) =>
          withMember({ ...message, [name]: message[name] ?? 'x' }, name, value),
    ),
  ),
  'unknown attribute': changed(
    'unknown attribute',
    fc
      .tuple(
        fc.constantFrom('__proto__', 'constructor', 'toString', 'data_base64', 'UPPER', 'with space', ''),
        fc.constantFrom('"x"', 'null', '7', '{"polluted":true}', '"!"'),
      )
      .map(
        ([name, value]) =>
          (message) =>
            withMember(message, name, value),
      ),
    { mayBeIgnored: true },
  ),
  'unknown type': changed(
    'unknown type',
    fc
      .constantFrom('skald.saga.operate', 'x', 'skald.reply.maybe', 'constructor', 'skald.saga.completed')
      .map((type) => (message) => ({ ...message, type })),
  ),
  'another namespace': changed(
    'another namespace',
    fc
      .constantFrom('other', 'shop2', 'a/b', 'SHOP', '..')
      .map((namespace) => (message) => ({ ...message, namespace })),
  ),
};
