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

  it('prints nothing that somebody sent to forge a line, or to move the cursor', async () => {
    const forged = 'gone\n2 of 2 open dead letters\u001b[2J\u202e';
    const escaped = 'gone\\u000a2 of 2 open dead letters\\u001b[2J\\u202e';
    const headers = { 'dlq-code': forged, 'dlq-reason': forged, 'dlq-time': forged, [forged]: forged };
    broker.append([{ topic: topics.deadLetters(TOPIC), key: forged, value: forged, headers }]);
    const lines = (await run('list')).split('\n');
    expect(lines).toContain(`${TOPIC}/0/2  ${escaped}  ${escaped}  ${escaped}: ${escaped}`);
    expect(lines).toHaveLength(4);
    expect((await run('show', `${TOPIC}/0/2`)).split('\n').slice(1)).toEqual([
      `${escaped}: ${escaped}`,
      '',
      'gone',
      '2 of 2 open dead letters\\u001b[2J\\u202e',
    ]);
  });

  it('prints a payload as a whole, however long it is', async () => {
    const value = JSON.stringify({ text: 'x'.repeat(200_000) });
    broker.append([{ topic: topics.deadLetters(TOPIC), key: null, value, headers: {} }]);
    expect(await run('show', `${TOPIC}/0/2`)).toContain(`\n${value}`);
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
