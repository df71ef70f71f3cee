import { describe, expect, it } from '@jest/globals';
import { printableLog, printableStack } from './printable-log.js';

const FORGED = 'o-1\n[Nest] 1 LOG all is well\u001b[2J\u202e';
const ESCAPED = 'o-1\\u000a[Nest] 1 LOG all is well\\u001b[2J\\u202e';

describe('a log that is printable', () => {
  it('writes on one line what came from outside, with nothing that moves a cursor', () => {
    const lines: unknown[][] = [];
    const note = (...line: unknown[]): void => void lines.push(line);
    const log = printableLog({ log: note, warn: note, error: note });
    log.log(FORGED);
    log.warn(FORGED);
    log.error(FORGED);
    log.error(FORGED, `Error: ${FORGED}\n    at x (y.js:1)\n`);
    expect(lines).toEqual([
      [ESCAPED],
      [ESCAPED],
      [ESCAPED],
      [ESCAPED, 'Error: o-1\n    [Nest] 1 LOG all is well\\u001b[2J\\u202e\n    at x (y.js:1)\n    '],
    ]);
  });

  it('writes what is long in ten thousand characters', () => {
    const lines: string[] = [];
    const note = (line: string): void => void lines.push(line);
    printableLog({ log: note, warn: note, error: note }).warn('x'.repeat(600_000));
    expect(lines.map(({ length }) => length)).toEqual([10_000]);
  });
});

describe('a stack', () => {
  it('of one line is a line', () => {
    expect(printableStack('Error: no')).toBe('Error: no');
  });
});
