import { parseArgs } from 'node:util';
import { printable } from '@skald/core';
import type { DeadLetterContent, DeadLetterEntry, DeadLetterPlace, DeadLetters } from '@skald/ports';

export const USAGE = `Messages that could not be handled, and what to do with them.

  npm run dead-letters -- list [--topic <topic>] [--limit <number>]
  npm run dead-letters -- show <letter>
  npm run dead-letters -- resend <letter>...
  npm run dead-letters -- drop <letter>...

A letter is named as 'list' names it: <topic>/<partition>/<offset>.
'show' prints the payload as it arrived; the others never do.
'resend' sends the message once more to where it was sent to: first mend what was wrong.

Brokers, TLS and login are those of the services: the KAFKA_... variables. SKALD_NAMESPACE names the namespace (default:
bricklayer).`;

/** The command line says something that cannot be done. */
export class UsageError extends Error {}

/**
 * Carries out one command line.
 *
 * @returns what to print
 * @throws UsageError
 */
export async function deadLettersCommand(
  args: readonly string[],
  namespace: string,
  deadLetters: DeadLetters,
): Promise<string> {
  const { words, topic, limit } = read(args);
  const [action = '', ...names] = words;
  switch (action) {
    case 'list': {
      if (names.length > 0) throw new UsageError(`'list' takes no '${names.join(' ')}'`);
      const { letters, total, isPartial = false } = await deadLetters.list({ namespace, topic, limit });
      const of = `${isPartial ? 'at least ' : ''}${total}`;
      return [...letters.map(lineOf), `${letters.length} of ${of} open dead letters`].join('\n');
    }
    case 'show': {
      const [place, ...more] = placesOf(names, namespace);
      if (place === undefined || more.length > 0) throw new UsageError("'show' takes one letter");
      const letter = await deadLetters.find(place);
      return letter === undefined ? notOpen(place) : textOf(letter);
    }
    case 'resend':
    case 'drop': {
      const places = placesOf(names, namespace);
      if (places.length === 0) throw new UsageError(`'${action}' takes at least one letter`);
      const lines: string[] = [];
      for (const place of places) {
        const isDone = await deadLetters[action](place);
        lines.push(isDone ? `${nameOf(place)}: ${action === 'drop' ? 'dropped' : 'resent'}` : notOpen(place));
      }
      return lines.join('\n');
    }
    default:
      throw new UsageError(
        action === '' ? 'say what to do' : `'${action}' is none of list, show, resend, drop`,
      );
  }
}

function read(args: readonly string[]): { words: string[]; topic: string | undefined; limit: number } {
  const options = { topic: { type: 'string' }, limit: { type: 'string', default: '100' } } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const limit = Number(values.limit);
    if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit must be a whole number from 1');
    return { words: positionals, topic: values.topic, limit };
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function placesOf(names: readonly string[], namespace: string): DeadLetterPlace[] {
  return names.map((name) => {
    const [, topic, partition, offset] = /^([\w.-]+)\/(\d{1,9})\/(\d{1,19})$/.exec(name) ?? [];
    if (topic === undefined || partition === undefined || offset === undefined) {
      throw new UsageError(
        `'${name}' names no letter; write <topic>/<partition>/<offset>, as 'list' prints it`,
      );
    }
    if (!topic.startsWith(`${namespace}.`)) {
      throw new UsageError(`'${topic}' is not a topic of the namespace '${namespace}'; set SKALD_NAMESPACE`);
    }
    return { topic, partition: Number(partition), offset };
  });
}

function nameOf({ topic, partition, offset }: DeadLetterPlace): string {
  return `${topic}/${partition}/${offset}`;
}

function lineOf(letter: DeadLetterEntry): string {
  const { time, code, reason, key } = letter;
  return printable(`${nameOf(letter)}  ${time}  ${key ?? '(no key)'}  ${code}: ${reason}`);
}

function notOpen(place: DeadLetterPlace): string {
  return `${nameOf(place)}: there is no such open letter; it may be settled already`;
}

/** The payload comes last, so that its lines can be taken for nothing else. */
function textOf(letter: DeadLetterContent): string {
  const headers = Object.entries(letter.headers).map(([name, value]) => printable(`${name}: ${value}`));
  const payload = letter.value.split('\n').map((line) => printable(line, Number.POSITIVE_INFINITY));
  return [lineOf(letter), ...headers, '', ...payload].join('\n');
}
