import { describe, expect, it } from '@jest/globals';
import { readMessage } from '@skald/core';
import { checkContract, checkId, checkMessageId, checkReason } from './check.js';
import { InvalidInputError } from './errors.js';

const GOOD = {
  specversion: '1.0',
  id: 'm',
  source: '/c',
  type: 'skald.saga.cancel',
  namespace: 'shop',
  sagaid: 'o',
};

describe('an id that the client takes', () => {
  it.each(['o-1', 'é 語 😀', '\u00a0', 'a\ufffdb'])('is one that the door takes: %j', (id) => {
    checkMessageId(id);
    checkId(id);
    expect(readMessage({ ...GOOD, id, sagaid: id })).toMatchObject({ id, sagaid: id });
  });

  it.each(['', 'a\0', 'a\tb', '\u007f', '\u0085', 'a\u009fb', 'a\ud800', 'x'.repeat(201)])(
    'is not what the door refuses: %j',
    (id) => {
      expect(() => checkMessageId(id)).toThrow(InvalidInputError);
      expect(() => checkId(id)).toThrow(InvalidInputError);
    },
  );
});

describe('what is given in place of a saga, a contract or a reason', () => {
  it.each([['order'], [undefined], [null], [{}]])('is refused with what to give instead: %j', (given) => {
    expect(() => checkContract('saga', given)).toThrow('give what saga()….build() has made, not its name');
    expect(() => checkContract('signal', given)).toThrow('give what signal() has made');
    const reason: unknown = given === 'order' ? 1 : given;
    expect(() => checkReason(reason as string)).toThrow('a reason is a string');
  });

  it('is taken when it is one', () => {
    checkContract('call', { name: 'ask' });
    checkReason('a test');
  });
});
