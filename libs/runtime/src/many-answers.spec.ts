import { afterEach, describe, expect, it } from '@jest/globals';
import { type Message, RequestType, saga, topics } from '@skald/core';
import { IsString } from 'class-validator';
import { messageFor, Shop } from './shop.fixture.js';

class Text {
  @IsString()
  text!: string;
}
const EchoSaga = saga('echo', { version: 1, input: Text })
  .sleep('blink', 1)
  .build(({ input }) => ({ text: input.text }));

describe('many requests that are answered with the same large output', () => {
  let shop: Shop;
  afterEach(() => shop.close());

  it.each([
    ['how it stands', RequestType.get, {}],
    ['to start it again', RequestType.start, { definition: 'echo', answer: true }],
  ])('and ask %s are all answered, a few megabytes at a time', async (_, type, data) => {
    shop = new Shop({ definitions: [EchoSaga] });
    const transport = shop.transport();
    const send = transport.send.bind(transport);
    let largest = 0;
    transport.send = async (messages) => {
      largest = Math.max(largest, JSON.stringify(messages).length);
      await send(messages);
    };
    await shop.open({ transport });
    const input = { text: 'x'.repeat(200_000) };
    await shop.send(RequestType.start, 'e-1', { definition: 'echo', input });
    await shop.clock.advance(5_000);
    expect(await shop.status('e-1')).toBe('completed');

    const asking = Array.from({ length: 100 }, (__, n): Message =>
      messageFor(type, 'e-1', type === RequestType.get ? data : { ...data, input }, { id: `ask-${n}` }),
    );
    await shop.participant.send(asking.map((message) => ({ topic: topics.requests('shop'), message })));
    await shop.clock.advance(5_000);
    const answered = shop.events('skald.request.answered').map(({ requestid }) => requestid);
    expect(answered).toHaveLength(100);
    expect(largest).toBeLessThan(5_000_000);
  });
});
