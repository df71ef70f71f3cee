import fc from 'fast-check';
import { SOUND_NAMES, soundMessage, topicOf } from '../messages.js';
import { INBOUND, type RawRecord } from '../world.js';
import { hostile, type Hostile, type Kinds, type Place, STRUCTURED } from './hostile.js';

const ANY_TOPIC = fc.constantFrom(...INBOUND);
const LARGEST = 1_048_500;
/** What a broker takes with its default settings, without what a batch of one record needs beside key and value. */
const LARGEST_WITH_KEY = 1_048_588 - 75;

/** A message in order, in a record that is not. */
function sound(
  kind: string,
  record: fc.Arbitrary<
    (text: string, place: Place) => Partial<Pick<RawRecord, 'value' | 'headers' | 'compression'>>
  >,
): fc.Arbitrary<Hostile> {
  return fc.record({ name: fc.constantFrom(...SOUND_NAMES), record }).map(({ name, record: by }) =>
    hostile(kind, topicOf(name), true, (place) => {
      const value = JSON.stringify(soundMessage(name, place.name, place.namespace));
      return { value, headers: STRUCTURED, ...by(value, place) };
    }),
  );
}

const OBJECTS_OWN = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', ''];

/** What only a broker can carry. */
export const RECORD_KINDS: Kinds = {
  'compressed batch': sound(
    'compressed batch',
    fc.constantFrom('gzip', 'snappy', 'lz4').map((compression) => () => ({ compression })),
  ),
  "header with an object's own name": sound(
    "header with an object's own name",
    fc
      .tuple(fc.constantFrom(...OBJECTS_OWN), fc.constantFrom<string | string[]>('x', ['x', 'y']))
      .map(([name, value]) => () => ({
        headers: Object.fromEntries([...Object.entries(STRUCTURED), [name, value]]),
      })),
  ),
  'many headers': sound(
    'many headers',
    fc.constantFrom(90, 101, 5_000, 50_000).map((count) => () => ({
      headers: {
        ...STRUCTURED,
        ...Object.fromEntries(Array.from({ length: count }, (_, n) => [`h${n}`, 'x'])),
      },
    })),
  ),
  'large header': sound(
    'large header',
    fc
      .constantFrom(60_000, 70_000, 500_000)
      .map((size) => () => ({ headers: { ...STRUCTURED, large: 'h'.repeat(size) } })),
  ),
  'nasty traceparent': sound(
    'nasty traceparent',
    fc
      .constantFrom('x', '\u0000', '00-0-0-0', 't'.repeat(60_000))
      .map((traceparent) => () => ({ headers: { ...STRUCTURED, traceparent } })),
  ),
  tombstone: ANY_TOPIC.map((topic) =>
    hostile('tombstone', topic, false, () => ({ value: null, headers: STRUCTURED })),
  ),
  'invalid UTF-8': sound(
    'invalid UTF-8',
    fc
      .constantFrom([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80])
      .map((bytes) => (text) => {
        const cut = text.indexOf('/hostile') + 1;
        return {
          value: Buffer.concat([
            Buffer.from(text.slice(0, cut)),
            Buffer.from(bytes),
            Buffer.from(text.slice(cut)),
          ]),
        };
      }),
  ),
  'largest junk': ANY_TOPIC.map((topic) =>
    hostile('largest junk', topic, false, ({ name }) => ({
      value: Buffer.alloc(Math.min(LARGEST, LARGEST_WITH_KEY - name.length), 'j'),
      headers: {},
    })),
  ),
  'junk that unpacks to much': ANY_TOPIC.map((topic) =>
    hostile('junk that unpacks to much', topic, false, () => ({
      value: Buffer.alloc(20_000_000, 'j'),
      headers: {},
      compression: 'gzip',
    })),
  ),
};
