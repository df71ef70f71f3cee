import { describe, expect, it } from '@jest/globals';
import { attributeProblem, printable, shortened, textProblem } from './text.js';

describe('a text from outside', () => {
  it('is cut without splitting a character', () => {
    expect(shortened('abc', 3)).toBe('abc');
    expect(shortened('abcd', 3)).toBe('ab…');
    expect(shortened('a😀bc', 3)).toBe('a…');
  });

  it('moves no cursor and begins no line in a log', () => {
    expect(printable('a\n\u001b[31mb\u202ec\u009b')).toBe(String.raw`a\u000a\u001b[31mb\u202ec\u009b`);
    expect(printable('x'.repeat(30), 10)).toBe('xxxxxxxxx…');
    expect(printable('\n'.repeat(30), 10)).toHaveLength(10);
  });

  it('is known to hold what no database takes', () => {
    expect(textProblem('a\0')).toBe('NUL');
    expect(textProblem('\ud83d')).toBe('half a character');
    expect(textProblem('😀 é')).toBeUndefined();
  });

  it('is known to hold what no attribute of a message may', () => {
    for (const text of ['a\0', '\t', 'a\n', '\u001e', '\u007f', '\u0080', 'a\u0085b', '\u009f']) {
      expect(attributeProblem(text)).toBe('a control character');
    }
    expect(attributeProblem('a\ud800b')).toBe('half a character');
    expect(attributeProblem('😀 é\u00a0')).toBeUndefined();
  });
});
