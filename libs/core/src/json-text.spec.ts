import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import {
  JsonTextError,
  MAXIMUM_JSON_DEPTH,
  MAXIMUM_JSON_MEMBERS,
  outermostJson,
  readJson,
} from './json-text.js';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('JSON from outside', () => {
  it('comes out as it went in, whatever JSON data it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }), (value) => {
        const text = JSON.stringify(value);
        if (text.includes('\\u0000')) return;
        expect(readJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    '0',
    '-1',
    '1.10',
    '0.1',
    '1e2',
    '1E+2',
    '123456789012345',
    '9007199254740991',
    '9007199254740994',
    '1e21',
    '5e-324',
    '1.7976931348623157e308',
    '100000000000000000000',
  ])('keeps the number %s', (number) => {
    expect(readJson(`{"n":${number}}`)).toEqual({ n: Number(number) });
  });

  it.each([
    '9007199254740993',
    '1234567890123456789',
    '1e400',
    '-1e400',
    '1e-400',
    '-0',
    '-0.0',
    '0.1000000000000000055511151231257827',
    '1.00000000000000000001',
  ])('refuses the number %s, which JavaScript would change', (number) => {
    expect(() => readJson(`{"n":[${number}]}`)).toThrow('send it as a string');
    expect(() => readJson(`{"n":${number}}`)).toThrow('send it as a string');
    expect(() => readJson(`{"n":{"m":"x","n":${number},"o":1}}`)).toThrow('send it as a string');
    expect(readJson(`{"n":"${number}"}`)).toEqual({ n: number });
  });

  it('never accepts a number that is written otherwise afterwards', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][+-]?\d{1,3})?$/);
    fc.assert(
      fc.property(digits, (number) => {
        let value: unknown;
        try {
          value = readJson(number);
        } catch {
          return;
        }
        const [mantissa = '', exponent = '0'] = number.toLowerCase().split('e');
        const [whole = '', fraction = ''] = mantissa.split('.');
        const scale = BigInt(Math.max(0, 400 - fraction.length + Number(exponent)));
        const exact = (BigInt(whole + fraction) * 10n ** scale).toString();
        const [m = '', e = '0'] = String(value).toLowerCase().split('e');
        const [w = '', f = ''] = m.split('.');
        const back = (BigInt(w + f) * 10n ** BigInt(Math.max(0, 400 - f.length + Number(e)))).toString();
        expect(back).toBe(exact);
      }),
    );
  });

  it('refuses a member that stands twice, however it is written', () => {
    expect(() => readJson('{"a":1,"b":{"c":1,"c":2}}')).toThrow('a member twice');
    expect(() => readJson(String.raw`{"a":1,"\u0061":2}`)).toThrow('a member twice');
    expect(() => readJson('{"a" : 1, "a": 2}')).toThrow('a member twice');
    expect(() => readJson(String.raw`{"\":1":1,"\":1":2}`)).toThrow('a member twice');
    expect(() => readJson('{"a":1,"b":{"c":1,"c":":"}}')).toThrow('a member twice');
    expect(readJson('{"a":":","b":":1e999"}')).toEqual({ a: ':', b: ':1e999' });
    expect(readJson('{"a":{"a":":,{"},"b":[{"a":1},{"a":1}]}')).toEqual({
      a: { a: ':,{' },
      b: [{ a: 1 }, { a: 1 }],
    });
  });

  it('takes names that every object inherits for what they are', () => {
    const value = readJson('{"__proto__":{"x":1},"constructor":2}');

    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect(() => readJson('{"__proto__":1,"__proto__":2}')).toThrow('a member twice');
  });

  it('refuses what nests too deep, however deep it is', () => {
    expect(readJson(nested(MAXIMUM_JSON_DEPTH))).toBeInstanceOf(Array);
    expect(() => readJson(nested(MAXIMUM_JSON_DEPTH + 1))).toThrow('nests deeper');
    expect(() => readJson(nested(100_000))).toThrow('nests deeper');
  });

  it('refuses what nests too deep without reading on', () => {
    const parse = jest.spyOn(JSON, 'parse');
    try {
      expect(() => readJson(`{"a":"[[","b":${'['.repeat(100_000)}`)).toThrow('nests deeper');
      for (const colon of [':', ' :', ': ', '\t:', ':\n']) {
        expect(() => readJson(`{"a"${colon}`.repeat(100_000))).toThrow('nests deeper');
      }
      expect(parse).not.toHaveBeenCalled();
    } finally {
      parse.mockRestore();
    }
  });

  it('reads an object of objects as deep as anything else', () => {
    const objects = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
    expect(readJson(objects(MAXIMUM_JSON_DEPTH))).toBeInstanceOf(Object);
    expect(() => readJson(objects(MAXIMUM_JSON_DEPTH + 1))).toThrow('nests deeper');
  });

  it('counts no bracket that stands in a string', () => {
    const brackets = '[{'.repeat(200);
    expect(readJson(JSON.stringify({ [brackets]: [brackets, `"\\${brackets}\\`] }))).toEqual({
      [brackets]: [brackets, `"\\${brackets}\\`],
    });
  });

  it.each([
    '',
    '"',
    '{"a',
    '{"a":"\\"',
    '["\\',
    ']',
    '{]',
    '1-',
    '-',
    '{"a":12',
    '[1 2]',
    'jjjj',
    `{${'1x '.repeat(9)}`,
  ])('comes to an end over %j, which is no JSON, and says so', (text) => {
    expect(() => readJson(text)).toThrow(new JsonTextError('it is not JSON'));
  });

  it('refuses an object with more members than 10,000, at any depth, and takes a longer list', () => {
    const withMembers = (count: number): string =>
      `[{"a":{${Array.from({ length: count }, (_, at) => `"k${at}":0`).join()}}}]`;
    expect(() => readJson(withMembers(MAXIMUM_JSON_MEMBERS))).not.toThrow();
    expect(() => readJson(withMembers(MAXIMUM_JSON_MEMBERS + 1))).toThrow('more than 10000 members');
    expect(readJson(`[${'0,'.repeat(20_000)}0]`)).toHaveLength(20_001);
  });

  const zeros = '0'.repeat(1_000_000);
  it.each([
    ['a fraction', `0.1${zeros}1`],
    ['a fraction that ends in zeros', `0.5${zeros}`],
    ['a negative one', `-0.${zeros}1`],
    ['digits', '1'.repeat(1_000_000)],
    ['a one and zeros', `1${zeros}`],
    ['an exponent', `1e${zeros}5`],
    ['a negative exponent', `1E-${'9'.repeat(1_000_000)}`],
    ['a whole, a fraction and an exponent', `1${zeros}.${zeros}1e-1${zeros}`],
  ])('compares no number without end: %s of 1 MB', (_, number) => {
    const begun = performance.now();
    for (const text of [`[${number}]`, `{"a":${number}}`, `{"a":{"b":${number},"c":1}}`]) {
      expect(() => readJson(text)).toThrow('send it as a string');
    }
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it.each([String.raw`{"a":"x\u0000"}`, String.raw`["\ud800"]`, String.raw`{"\udc00x":1}`, '"\ud800"'])(
    'refuses %j, which the database cannot hold',
    (text) => {
      expect(() => readJson(text)).toThrow(JsonTextError);
    },
  );

  it('reads escapes that are harmless', () => {
    expect(readJson(String.raw`{"a":"\"\\\u00e9\ud83d\ude00"}`)).toEqual({ a: '"\\é😀' });
  });

  it('says nothing of what is not JSON', () => {
    expect(() => readJson('{"secret": hush}')).toThrow(new JsonTextError('it is not JSON'));
  });
});

describe('the own members of an object in JSON', () => {
  it('are all that is left of it', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const text = ` {"id": "a\\"{[", "data": {"x": ${deep}}, "list": [1, {"b": "]"}], "n": 1 } `;
    expect(JSON.parse(outermostJson(text) ?? '')).toEqual({ id: 'a"{[', data: null, list: null, n: 1 });
  });

  it.each(['', '[1]', '"{}"', '{', '{"a":[}', '}{', 'x{}'])('are not to be had of %j', (text) => {
    expect(outermostJson(text)).toBeUndefined();
  });

  it('are those that it has, whatever it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 })), (given) => {
        const text = JSON.stringify(given);
        // JSON has no -0.
        const value = JSON.parse(text) as object;
        const own = Object.entries(value).map(([name, one]) => [name, typeof one === 'object' ? null : one]);
        expect(JSON.parse(outermostJson(text) ?? '')).toEqual(Object.fromEntries(own));
      }),
    );
  });
});
