import { describe, expect, it } from '@jest/globals';
import { readMessage } from '@skald/core';
import { checkId, checkMessageId } from './check.js';
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
