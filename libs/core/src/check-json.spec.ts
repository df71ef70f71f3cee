import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkJson, NotJsonError } from './check-json.js';
import { MAXIMUM_JSON_MEMBERS, readJson } from './json-text.js';

const circular: Record<string, unknown> = {};
circular['self'] = circular;
const throwing = {
  get price(): never {
    throw new Error('no price');
  },
};

describe('what a function of the user gives', () => {
  it('is let pass when it is JSON data, and is read again as it was', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: false, withMap: true, withNullPrototype: false }),
        (value) => {
          try {
            checkJson(value, 'the value');
          } catch (error) {
            expect(error).toBeInstanceOf(NotJsonError);
            return;
          }
          const text = JSON.stringify(value);
          expect(JSON.stringify(readJson(text))).toBe(text);
        },
      ),
    );
  });

  it.each<[string, unknown, string]>([
    ['a bigint', { a: [1n] }, "at 'a.0', is bigint"],
    ['a cycle', circular, 'holds itself'],
    ['NaN', { price: Number.NaN }, "at 'price', is NaN"],
    ['infinity', [Infinity], "at '0', is Infinity"],
    ['a function', { go: () => 1 }, "at 'go', is function"],
    ['a hole', { list: [undefined] }, "at 'list.0', is undefined"],
    ['a map', { map: new Map() }, "at 'map', is a Map"],
    ['NUL', { text: 'a\0' }, "at 'text', holds NUL"],
    ['half a character', { text: '\ud800' }, "at 'text', holds half a character"],
    ['a name with NUL', { 'a\0': 1 }, 'has a name that holds NUL'],
    ['a getter that throws', throwing, 'cannot be read: no price'],
    ['a toJSON that throws', { toJSON: () => throwing.price }, 'cannot be read: no price'],
    ['nothing at all', undefined, 'is undefined'],
  ])('is refused when it is %s', (_what, value, text) => {
    expect(() => checkJson(value, 'the payload')).toThrow(text);
  });

  it('is refused with more members in one object than are read, at any depth, naming the place', () => {
    const withMembers = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 0]));
    const most = { list: [withMembers(MAXIMUM_JSON_MEMBERS)] };
    expect(() => checkJson(most, 'the payload')).not.toThrow();
    expect(() => readJson(JSON.stringify(most))).not.toThrow();
    const more = { list: [withMembers(MAXIMUM_JSON_MEMBERS + 1)] };
    expect(() => checkJson(more, 'the payload')).toThrow(
      "the payload, at 'list.0', has more than 10000 members; give JSON data",
    );
    expect(() => readJson(JSON.stringify(more))).toThrow('more than 10000 members');
  });

  it('may leave members undefined', () => {
    expect(() => checkJson({ a: undefined, b: null }, 'the payload')).not.toThrow();
  });
});
