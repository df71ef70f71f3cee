import { afterEach, describe, expect, it } from '@jest/globals';
import { command, DefinitionError, saga } from '@skald/core';
import { IsString } from 'class-validator';
import { Shop } from './shop.fixture.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order });
const definitionWith = (step: string) =>
  saga('order', { version: 1, input: Order })
    .step(step, {
      send: Reserve,
      with: ({ input }) => ({ item: input.item }),
      timeout: '1s',
      retry: { maximumAttempts: 1 },
    })
    .build();

describe('the names of a saga', () => {
  let shop: Shop | undefined;
  afterEach(async () => {
    await shop?.close();
    shop = undefined;
  });

  it.each([
    ['the longest, of three bytes each', '語'.repeat(200), '語'.repeat(50)],
    ['the longest, of four bytes each', '😀'.repeat(150), '😀'.repeat(37)],
    ['the longest, of one byte each', 'x'.repeat(200), 'x'.repeat(100)],
    ['with what must be encoded', "a b/c?d#e%f'g", 'a b?c#d%e'],
  ])('that were accepted reach the participant, and its reply comes back: %s', async (_, id, step) => {
    shop = await new Shop({ definitions: [definitionWith(step)] }).open();
    await shop.engine.startSaga({ definition: 'order', id, input: { item: 'hat' } });
    await shop.clock.advance(60_000);
    expect(shop.deadLetters('shop.stock.commands')).toEqual([]);
    expect(shop.commands).toHaveLength(1);
    expect(await shop.status(id)).toBe('completed');
  });

  it.each(['a\u0085b', '\u0080', 'a\u009fb', '😀'.repeat(200)])(
    'that no door would take are refused at the start: id %j',
    async (id) => {
      shop = await new Shop({ definitions: [definitionWith('reserve')] }).open();
      const started = shop.engine.startSaga({ definition: 'order', id, input: { item: 'hat' } });
      await expect(started).rejects.toMatchObject({ code: 'invalid_id' });
    },
  );

  it.each(['re\tserve', 're\u0007serve', 're\u0085serve', 'a\ud800b', '😀'.repeat(60)])(
    'that no door would take are refused at the definition: step %j',
    (step) => {
      expect(() => definitionWith(step)).toThrow(DefinitionError);
    },
  );
});
