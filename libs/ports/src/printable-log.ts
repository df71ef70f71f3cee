import { printable } from '@skald/core';
import type { Log } from './ports.js';

/**
 * A log whose lines hold nothing that whoever sent a message could use to forge another line, or to move the cursor of whoever
 * reads it: whatever an id, a topic or the text of an error has in it is escaped. All logs that Skald is given go through this.
 */
export function printableLog(log: Log): Log {
  return {
    log: (message) => log.log(printable(message)),
    warn: (message) => log.warn(printable(message)),
    error: (message, stack) =>
      // A second argument that is there counts as the stack, or as the context, for some logs.
      stack === undefined
        ? log.error(printable(message))
        : log.error(printable(message), printableStack(stack)),
  };
}

const INDENT = '    ';

/** A stack keeps its lines, so that it can be read; all but the first are indented, so that none is taken for a log's own. */
export function printableStack(stack: string): string {
  const [first = '', ...others] = stack.split('\n').map((line) => printable(line.trim()));
  return [first, ...others.map((line) => INDENT + line)].join('\n');
}
