import { describe, expect, it } from '@jest/globals';
import { MalformedMessageError, readMessage, readRequester, readRequesterText } from './read-message.js';

const GOOD = { specversion: '1.0', id: 'i', source: '/s', type: 't', namespace: 'n', sagaid: 'o' };

describe('a message from outside', () => {
  it('is taken as it is when its attributes are in order', () => {
    const message = { ...GOOD, id: 'é'.repeat(3_000), type: 't'.repeat(1_000), commandid: 'c'.repeat(3_000) };
    expect(readMessage(message)).toBe(message);
  });

  it.each([
    ['id', 3_001],
    ['commandid', 3_001],
    ['compensates', 600_000],
    ['type', 1_001],
    ['namespace', 600_000],
    ['source', 1_001],
    ['replyto', 1_001],
  ])('is refused in few words when its %s has %i characters', (name, length) => {
    let text = '';
    try {
      readMessage({ ...GOOD, [name]: 'x'.repeat(length) });
    } catch (error) {
      text = String(error);
    }
    expect(text).toContain(`the attribute '${name}' is longer than`);
    expect(text.length).toBeLessThan(200);
  });

  it.each(['a\u0000b', 'a\nb', 'a\u001bb', 'a\u0085b', 'a\ud800b'])(
    'is refused when an attribute holds %j, which no CloudEvent may',
    (text) => {
      for (const name of ['id', 'type', 'source', 'step', 'commandid', 'replyto']) {
        expect(() => readMessage({ ...GOOD, [name]: text })).toThrow(
          new RegExp(`'${name}' holds (?:a control|half a) character`),
        );
      }
    },
  );

  it('has not the attributes that are null, as CloudEvents wants it', () => {
    const nulls = {
      time: null,
      step: null,
      replyto: null,
      attempt: null,
      timeout: null,
      datacontenttype: null,
    };
    expect(readMessage({ ...GOOD, ...nulls, unknown: null, data: null })).toEqual({ ...GOOD, data: null });
    expect(() => readMessage({ ...GOOD, id: null })).toThrow("the attribute 'id' is missing");
    expect(() => readMessage({ ...GOOD, specversion: null })).toThrow("'specversion' must be '1.0'");
  });

  it('may carry its data in base64', () => {
    const packed = (text: string): object => ({ ...GOOD, data_base64: Buffer.from(text).toString('base64') });
    expect(readMessage(packed('{"größe":1}'))).toEqual({ ...GOOD, data: { größe: 1 } });
    expect(readMessage({ ...GOOD, data_base64: null, data: 1 })).toEqual({ ...GOOD, data: 1 });
    expect(() => readMessage({ ...packed('1'), data: 1 })).toThrow("only one of 'data' and 'data_base64'");
    expect(() => readMessage(packed('no JSON'))).toThrow('is not JSON');
    expect(() => readMessage(packed('9007199254740993'))).toThrow(MalformedMessageError);
    for (const data_base64 of [1, 'x', 'e30', 'e30 ', '====', 'é===']) {
      expect(() => readMessage({ ...GOOD, data_base64 })).toThrow("'data_base64' is not base64");
    }
    const broken = Buffer.from([0x22, 0xff, 0x22]).toString('base64');
    expect(() => readMessage({ ...GOOD, data_base64: broken })).toThrow(
      "what is in 'data_base64' is not UTF-8",
    );
  });

  it.each(['application/json', 'application/json; charset=utf-8', 'Text/JSON', 'application/x.y+json'])(
    'may say of its data that it is %s',
    (datacontenttype) => {
      expect(readMessage({ ...GOOD, datacontenttype, data: 1 })).toMatchObject({ data: 1 });
    },
  );

  it.each(['application/xml', 'text/plain', 'application/jsonl', 'json', ''])(
    'is refused when it says of its data that it is %j',
    (datacontenttype) => {
      expect(() => readMessage({ ...GOOD, datacontenttype, data: '<a/>' })).toThrow('is not read');
    },
  );

  it.each([
    ['2026-11-21T18:00:00Z', true],
    ['2026-11-21t18:00:00.123456789+02:00', true],
    ['2016-12-31T23:59:60z', true],
    ['2026-11-21', false],
    ['2026-11-21T18:00:00', false],
    ['2026-13-21T18:00:00Z', false],
    ['2026-11-21T24:00:00Z', false],
    ['yesterday', false],
    ['', false],
  ])('with the time %j is taken: %s', (time, isTaken) => {
    const read = (): unknown => readMessage({ ...GOOD, time });
    if (isTaken) expect(read()).toMatchObject({ time });
    else expect(read).toThrow("the attribute 'time' is no time");
  });
});

describe('what is no message', () => {
  it('still tells who sent it, where it has an id and a saga', () => {
    const requester = { id: 'i', sagaid: 'o', type: 't' };
    expect(readRequester({ ...GOOD, specversion: '0.3', time: 'x' })).toEqual(requester);
    expect(readRequester({ id: 'i', sagaid: 'o' })).toEqual({ ...requester, type: undefined });
    expect(readRequesterText('{"id":"i","sagaid":"o","type":"t","data":9007199254740993}')).toEqual(
      requester,
    );
  });

  it.each([
    '',
    'null',
    '[]',
    '{"id":"i"}',
    '{"id":"","sagaid":"o"}',
    '{"id":3,"sagaid":"o"}',
    '{"id":"a\\u0000b","sagaid":"o"}',
    '{"id":"i","sagaid":".."}',
    '{"id":"i\ufffd","sagaid":"o"}',
    JSON.stringify({ id: 'x'.repeat(3_001), sagaid: 'o' }),
    JSON.stringify({ id: 'i', sagaid: 'o'.repeat(201) }),
  ])('tells nothing of its sender: %s', (text) => {
    expect(readRequesterText(text)).toBeUndefined();
  });
});
