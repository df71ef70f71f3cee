import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, OwnRejection, saga, topics } from '@skald/core';
import { IsString } from 'class-validator';
import { Shop } from './shop.fixture.js';

class Order {
  @IsString()
  item!: string;
}
const Reserve = command('stock.reserve', { request: Order, rejections: ['sold_out'] });
const Charge = command('payment.charge', { request: Order });
const inputOf = ({ input }: { input: Order }): Order => input;

const OrderSaga = saga('order', { version: 1, input: Order, timeout: '10s' })
  .step('reserve', { send: Reserve, with: inputOf, retry: { maximumAttempts: 1 } })
  .step('charge', { send: Charge, with: inputOf, retry: { maximumAttempts: 1 } })
  .build();

describe('a no of a participant', () => {
  let shop: Shop;
  let no: { readonly step: string; readonly code: string };
  beforeEach(async () => {
    shop = new Shop({ definitions: [OrderSaga] });
    shop.answer = ({ step }) =>
      step === no.step ? { kind: 'rejected', code: no.code, message: '' } : { kind: 'succeeded', data: null };
    await shop.open();
  });
  afterEach(() => shop.close());

  async function ended(id: string): Promise<readonly [string | undefined, string | undefined]> {
    await shop.engine.startSaga({ definition: 'order', id, input: { item: 'hat' } });
    await shop.clock.advance(100);
    const instance = await shop.engine.find(id);
    return [instance?.status, instance?.failure?.code];
  }

  it.each(['sold_out', ...Object.values(OwnRejection)])(
    'counts with a code that the contract declares, or of the library itself: %s',
    async (code) => {
      no = { step: 'reserve', code };
      expect(await ended('o-1')).toEqual(['compensated', code]);
      expect(shop.deadLetters(topics.replies('shop'))).toEqual([]);
    },
  );

  it.each(['sold-out', 'SOLD_OUT', 'no_money', 'constructor', 'rejected'])(
    'is an invalid reply with any other: %s goes to the dead letters, and the saga goes on waiting',
    async (code) => {
      no = { step: 'reserve', code };
      expect(await ended('o-1')).toEqual(['running', undefined]);
      expect(shop.deadLetters(topics.replies('shop'))).toEqual(['invalid_reply o-1']);
      await shop.clock.advance(11_000);
      expect((await shop.engine.find('o-1'))?.failure).toMatchObject({
        outcome: 'unknown',
        code: 'no_reply',
      });
    },
  );

  it('counts with any code where the contract declares none', async () => {
    no = { step: 'charge', code: 'anything' };
    expect(await ended('o-1')).toEqual(['compensated', 'anything']);
  });
});
