import { describe, expect, it } from '@jest/globals';
import { DefinitionError } from './errors.js';
import { commandId, incarnationOf, lifecycleId } from './ids.js';
import { checkIdentifier, checkStepName, sagaIdProblem } from './names.js';
import { readMessage } from './read-message.js';

describe('a name of a namespace, a definition or a participant', () => {
  it.each([undefined, null, 7, true, {}, ['shop']])('is no %p, such as an unset variable leaves', (name) => {
    expect(() => checkIdentifier('engine', 'namespace', name)).toThrow(DefinitionError);
  });

  it('is a word of lower-case letters, digits and hyphens', () => {
    expect(() => checkIdentifier('engine', 'namespace', 'shop-2')).not.toThrow();
    expect(() => checkIdentifier('engine', 'namespace', 'Shop')).toThrow(/is not a name; use 1 to 63/);
  });
});

const UNFIT = ['a\u0000b', 'a\tb', 'a\u0007b', 'a\u007fb', 'a\u0085b', 'a\u009fb', 'a\ud800b'];
/** Of a character each: one, two, three and four bytes of UTF-8, of which each takes three characters percent-encoded. */
const CHARACTERS = ['a', '%', 'é', '語', '😀'];

describe('a saga id', () => {
  it.each([...UNFIT, '', '.', '..', 'x'.repeat(201), '😀'.repeat(151)])('is none: %j', (id) => {
    expect(sagaIdProblem(id)).toMatch(/a saga id/);
  });

  it('is any 200 UTF-16 units, and up to 150 characters outside the first plane', () => {
    for (const id of [
      '語'.repeat(200),
      '%'.repeat(200),
      '😀'.repeat(150),
      `${'a'.repeat(100)}${'😀'.repeat(100)}`,
    ]) {
      expect(sagaIdProblem(id)).toBeUndefined();
    }
  });
});

describe('a step name', () => {
  it.each([...UNFIT, '', ' a', 'a/b', 'x'.repeat(101), '語'.repeat(51), '😀'.repeat(38)])(
    'is refused at the definition: %j',
    (name) => {
      expect(() => checkStepName('saga', name)).toThrow(DefinitionError);
    },
  );

  it('is up to 100 characters, and 50 that take three bytes', () => {
    for (const name of ['x'.repeat(100), '語'.repeat(50)]) {
      expect(() => checkStepName('saga', name)).not.toThrow();
    }
  });
});

describe('what was accepted at the definition and at the start', () => {
  const longestOf = (character: string, isTaken: (text: string) => boolean): string => {
    let text = character;
    while (isTaken(text + character)) text += character;
    return text;
  };
  const isStepName = (name: string): boolean => {
    try {
      checkStepName('saga', name);
      return true;
    } catch {
      return false;
    }
  };
  const name = 'x'.repeat(63);
  const place = {
    namespace: name,
    definition: `${name}@${Number.MAX_SAFE_INTEGER}`,
    incarnation: incarnationOf({ at: Date.parse('9999-12-31'), random: 0.999_999 }),
  };

  it.each(CHARACTERS)(
    'makes ids that the doors and participants take, at its longest, too: %s',
    (character) => {
      const sagaId = longestOf(character, (text) => sagaIdProblem(text) === undefined);
      const step = longestOf(character, isStepName);
      const count = Number.MAX_SAFE_INTEGER;
      const id = commandId({ ...place, sagaId, step, direction: 'probe', visit: count, round: count });
      const event = `refused.${'x'.repeat(250)}`;
      const ofEvent = lifecycleId({ ...place, sagaId, event, revision: count });
      // A participant takes 2,500 bytes, which its barrier can index.
      expect(Buffer.byteLength(id)).toBeLessThanOrEqual(2_500);
      expect(Buffer.byteLength(ofEvent)).toBeLessThanOrEqual(2_500);
      const message = {
        specversion: '1.0',
        id,
        source: '/s',
        type: 't',
        namespace: name,
        sagaid: sagaId,
        step,
      };
      expect(readMessage({ ...message, commandid: id, compensates: id })).toMatchObject({ id });
      expect(readMessage({ ...message, id: ofEvent })).toMatchObject({ id: ofEvent });
    },
  );
});
