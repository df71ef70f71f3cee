import { inspect } from 'node:util';
import { printable } from '@skald/core';
import { printableStack } from '@skald/ports';
import { ConsoleLogger, Injectable, type LogLevel } from '@nestjs/common';

/** Nest's own logger, whatever it is given: what came from outside can neither forge a line nor move a cursor. */
@Injectable()
export class EscapingLogger extends ConsoleLogger {
  protected override stringifyMessage(message: unknown, level: LogLevel): string {
    return super.stringifyMessage(textOf(message), level);
  }

  /** Where a stack was expected and its text is none, Nest takes it for this. */
  protected override formatContext(context: string): string {
    return super.formatContext(context && printable(context));
  }

  protected override printStackTrace(stack: string): void {
    super.printStackTrace(stack && printableStack(stack));
  }
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return printable(message);
  return printableStack(message instanceof Error ? (message.stack ?? message.message) : inspect(message));
}
