import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EscapingLogger } from './escaping-logger.js';

const FORGED = 'o-1\n[Nest] 1 LOG all is well\u001b[2J\u202e';

describe("a service's logger", () => {
  let written: string;

  beforeEach(() => {
    written = '';
    const note = (text: string | Uint8Array): boolean => {
      written += String(text);
      return true;
    };
    jest.spyOn(process.stdout, 'write').mockImplementation(note);
    jest.spyOn(process.stderr, 'write').mockImplementation(note);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const lines = (): string[] => written.trimEnd().split('\n');
  const logger = (): EscapingLogger => new EscapingLogger('test', { colors: false });

  it('writes a line for a message, whatever is in it', () => {
    logger().log(FORGED);
    logger().warn(FORGED);
    logger().error(FORGED);
    expect(lines()).toHaveLength(3);
    for (const line of lines()) expect(line).toContain('o-1\\u000a[Nest] 1 LOG all is well\\u001b[2J\\u202e');
  });

  it('indents what an error says on further lines', () => {
    logger().error(new Error(FORGED));
    logger().error('it failed', `Error: ${FORGED}\n    at x`, 'test');
    logger().error('it failed', `Error: ${FORGED}`);
    logger().log({ [FORGED]: FORGED });
    for (const character of ['\u001b', '\u202e']) expect(written).not.toContain(character);
    expect(lines().filter((line) => line.startsWith('[Nest]'))).toHaveLength(4);
  });
});
