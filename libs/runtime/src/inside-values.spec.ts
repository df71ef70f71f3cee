import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { call, saga, signal } from '@skald/core';
import { Shop } from './shop.fixture.js';

/** Without decorators: nothing else looks at its data. */
class Anything {
  value?: string;
}
const Go = signal('go', { data: Anything });
const Ask = call('ask', { request: Anything, reply: Anything });
const Waiting = saga('waiting', { version: 1, input: Anything })
  .onCall(Ask, { handle: () => ({ answer: {} }) })
  .waitFor('go', { signals: [Go], as: 'went' })
  .build();

const NOT_JSON: [string, unknown][] = [
  ['a bigint', 1n],
  ['NaN', Number.NaN],
  ['-0', -0],
  ['NUL', 'a\0b'],
  ['half a character', 'a\ud800'],
  ['a promise', Promise.resolve(1)],
];

describe('a request from inside the process whose data are not JSON', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await new Shop({ definitions: [Waiting] }).open();
    await shop.engine.startSaga({ definition: 'waiting', id: 'o-1', input: {} });
  });
  afterEach(() => shop.close());

  it.each(NOT_JSON)('is refused with the place, and changes nothing: %s', async (_kind, value) => {
    const { engine } = shop;
    const note = { actor: 'ada', reason: 'test' };
    const refused = { code: 'invalid_input', message: expect.stringContaining("value'") };
    const input = { value };
    await expect(engine.startSaga({ definition: 'waiting', id: 'o-2', input })).rejects.toMatchObject(
      refused,
    );
    await expect(engine.signal('o-1', 'm-1', 'go', { value })).rejects.toMatchObject(refused);
    await expect(engine.call('o-1', 'm-2', 'ask', { value })).rejects.toMatchObject(refused);
    await engine.operate('o-1', { kind: 'suspend' }, note);
    const edit = { kind: 'edit', data: { input: { value } } } as const;
    await expect(engine.operate('o-1', edit, note)).rejects.toMatchObject(refused);
    expect(await engine.find('o-2')).toBeUndefined();
    expect((await engine.find('o-1'))?.revision).toBe(2);
  });
});
