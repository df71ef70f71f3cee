import { describe, expect, it } from '@jest/globals';
import { DefinitionError } from './errors.js';
import { checkIdentifier } from './names.js';

describe('a name of a namespace, a definition or a participant', () => {
  it.each([undefined, null, 7, true, {}, ['shop']])('is no %p, such as an unset variable leaves', (name) => {
    expect(() => checkIdentifier('engine', 'namespace', name)).toThrow(DefinitionError);
  });

  it('is a word of lower-case letters, digits and hyphens', () => {
    expect(() => checkIdentifier('engine', 'namespace', 'shop-2')).not.toThrow();
    expect(() => checkIdentifier('engine', 'namespace', 'Shop')).toThrow(/is not a name; use 1 to 63/);
  });
});
