import { afterEach, describe, expect, it } from '@jest/globals';
import { call, type JsonObject, saga, signal, topics } from '@skald/core';
import { IsArray, IsString } from 'class-validator';
import { messageFor, Shop } from './shop.fixture.js';

class Order {
  @IsArray()
  lines!: number[];
}
class Word {
  @IsString()
  text!: string;
}
const Show = call('show', { request: Word, reply: Order });
const Go = signal('go', { data: Word });
const LargeSaga = saga('large', { version: 1, input: Order })
  .onCall(Show, { handle: ({ input }) => ({ answer: { lines: input.lines } }) })
  .waitFor('go', { signals: [Go] })
  .build(({ input }) => ({ lines: input.lines }));

const LINES = Array.from({ length: 200_000 }, () => 1);

describe('a saga of much input', () => {
  let shop: Shop;
  afterEach(() => shop.close());
  const open = async (): Promise<void> => {
    shop = await new Shop({ definitions: [LargeSaga] }).open();
    await shop.send('skald.saga.start', 's', { definition: 'large', input: { lines: LINES } });
    await shop.clock.advance(1_000);
  };
  const sendAll = async (type: string, data: (n: number) => JsonObject, count: number): Promise<void> => {
    const messages = Array.from({ length: count }, (_, n) =>
      messageFor(type, 's', data(n), { id: `${type} ${n}` }),
    );
    await shop.participant.send(messages.map((message) => ({ topic: topics.requests('shop'), message })));
    await shop.clock.advance(1_000);
  };

  it('does not make the copies of its start that claim another input take long', async () => {
    await open();
    const begun = performance.now();
    await sendAll('skald.saga.start', (n) => ({ definition: 'large', input: { lines: [n] } }), 300);
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(shop.events('skald.request.refused')).toHaveLength(300);
  });

  it('remembers no more than 100 kB of the answers to calls, and says so to a copy of a call', async () => {
    await open();
    await sendAll('skald.saga.call', () => ({ call: 'show', data: { text: 'x' } }), 50);
    expect(shop.events('skald.request.answered')).toHaveLength(50);
    const { handled } = (await shop.engine.find('s')) ?? {};
    expect(handled).toHaveLength(50);
    expect(JSON.stringify(handled).length).toBeLessThan(10_000);

    await sendAll('skald.saga.call', () => ({ call: 'show', data: { text: 'x' } }), 1);
    expect(shop.events('skald.request.refused').map(({ data }) => data)).toMatchObject([
      { code: 'answered_before' },
    ]);
  });
});
