import { beforeEach, describe, expect, it } from '@jest/globals';
import { topics } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { deadLettersCommand } from './dead-letters-command.js';

const TOPIC = topics.commands('shop', 'payment');
const LETTER = `${TOPIC}/0/0`;

describe('npm run dead-letters', () => {
  let broker: MemoryBroker;
  const run = (...args: string[]): Promise<string> =>
    deadLettersCommand(args, 'shop', new MemoryTransport({ broker }).deadLetters);

  beforeEach(async () => {
    broker = new MemoryBroker();
    await new MemoryTransport({ broker }).ensureTopics([TOPIC]);
    for (const value of ['first secret', 'second secret']) {
      broker.append([
        {
          topic: topics.deadLetters(TOPIC),
          key: 'order-7',
          value,
          headers: {
            origin: 'elsewhere',
            'dlq-code': 'no_good',
            'dlq-reason': 'it is bad',
            'dlq-time': '2026',
          },
        },
      ]);
    }
  });

  it('list: a line for each letter, and never a payload', async () => {
    expect(await run('list')).toBe(
      [
        `${TOPIC}/0/1  2026  order-7  no_good: it is bad`,
        `${TOPIC}/0/0  2026  order-7  no_good: it is bad`,
        '2 of 2 open dead letters',
      ].join('\n'),
    );
    expect(await run('list', '--limit', '1')).toContain('1 of 2 open dead letters');
    expect(await run('list', '--topic', 'shop.stock.commands')).toBe('0 of 0 open dead letters');
  });

  it('show: headers and payload of one', async () => {
    expect(await run('show', LETTER)).toBe(
      `${LETTER}  2026  order-7  no_good: it is bad\norigin: elsewhere\n\nfirst secret`,
    );
  });

  it('prints no control characters that somebody sent', async () => {
    broker.append([
      { topic: topics.deadLetters(TOPIC), key: '\u001b[2Jgone', value: '\u001b[2J', headers: {} },
    ]);
    expect(await run('list')).toContain('\u{fffd}[2Jgone');
    expect(await run('show', `${TOPIC}/0/2`)).not.toContain('\u001b');
  });

  it('resend: the message is in its topic again, and the letter is settled', async () => {
    expect(await run('resend', LETTER)).toBe(`${LETTER}: resent`);
    expect(broker.messages(TOPIC)).toMatchObject([{ key: 'order-7', value: 'first secret' }]);
    expect(await run('resend', LETTER)).toContain('there is no such open letter');
    expect(broker.messages(TOPIC)).toHaveLength(1);
  });

  it('drop: several letters are settled', async () => {
    expect(await run('drop', LETTER, `${TOPIC}/0/1`)).toBe(`${LETTER}: dropped\n${TOPIC}/0/1: dropped`);
    expect(await run('list')).toBe('0 of 0 open dead letters');
  });

  it.each([
    [[], 'say what to do'],
    [['burn'], "'burn' is none of"],
    [['list', '--limit', 'many'], '--limit must be'],
    [['list', '--colour'], 'colour'],
    [['show'], "'show' takes one letter"],
    [['drop'], 'at least one letter'],
    [['drop', 'payment'], "'payment' names no letter"],
    [['drop', 'other.payment.commands/0/0'], "not a topic of the namespace 'shop'"],
  ])('%p is refused with what to write instead', async (args, text) => {
    await expect(run(...args)).rejects.toThrow(text);
  });
});
