import { describe, expect, it } from '@jest/globals';
import { readMessage } from './read-message.js';

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
        expect(() => readMessage({ ...GOOD, [name]: text })).toThrow(`'${name}' holds a control character`);
      }
    },
  );
});
