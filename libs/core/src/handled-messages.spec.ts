import { describe, expect, it } from '@jest/globals';
import { given, type Story } from '@skald/testing';
import { call, signal } from './contract.js';
import { OrderInput } from './order.fixture.js';
import { saga } from './saga.js';

class Text {
  text!: string;
}
const Echo = call('echo', { request: Text, reply: Text });
const Go = signal('go', { data: Text });
const Echoing = saga('echoing', { version: 1, input: OrderInput })
  .onCall(Echo, { handle: (_, { text }) => ({ answer: { text } }) })
  .waitFor('go', { signals: [Go] })
  .build();

const story = (): Story => given(Echoing, { item: 'hat', amount: 1 });

describe('the answers to calls', () => {
  it('are remembered up to 100 kB together, the newest', () => {
    const one = story();
    for (let n = 0; n < 5; n += 1) one.call(Echo, { text: 'é'.repeat(20_000) });
    const { handled = [] } = one.instance;
    expect(handled.map(({ isAnswerGone = false }) => isAnswerGone)).toEqual([true, true, true, false, false]);
    expect(handled.map(({ bytes }) => bytes)).toEqual([undefined, undefined, undefined, 40_038, 40_038]);
  });

  it('are remembered when a larger one is not', () => {
    const one = story();
    one.call(Echo, { text: 'short' }).call(Echo, { text: 'x'.repeat(200_000) });
    const { handled = [] } = one.instance;
    expect(handled.map(({ isAnswerGone = false }) => isAnswerGone)).toEqual([false, true]);
    one.call(Echo, { text: 'short' });
    expect(one.instance.handled?.map(({ isAnswerGone = false }) => isAnswerGone)).toEqual([
      false,
      true,
      false,
    ]);
  });
});
