import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { command, saga } from '@skald/core';
import { simulate } from '@skald/testing';
import { IsString } from 'class-validator';

class Order {
  @IsString()
  item!: string;
}
class Reserved {
  @IsString()
  reservationId!: string;
}
const Reserve = command('stock.reserve', { request: Order, reply: Reserved, rejections: ['sold_out'] });
const Release = command('stock.release', { request: Order });
const Ship = command('shipping.ship', { request: Order, rejections: ['no_address'] });
const item = ({ input }: { input: Order }): Order => ({ item: input.item });

const OrderSaga = saga('order', { version: 1, input: Order, timeout: '5s' })
  .step('reserve', { send: Reserve, with: item, as: 'stock', undo: { send: Release, with: item } })
  .pivot('ship', { send: Ship, with: item })
  .build();

describe('the example of the README', () => {
  it('is what this test runs', async () => {
    const report = await simulate(OrderSaga, {
      seed: 1,
      runs: 100,
      input: { item: 'hat' },
      participants: { 'stock.reserve': () => ({ reservationId: 'r-1' }) },
    });
    expect(report.violation?.text).toBeUndefined();

    const readme = await readFile('libs/testing/src/simulation/README.md', 'utf8');
    const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
    const source = await readFile('libs/testing/src/simulation/example.spec.ts', 'utf8');
    expect(code).not.toBe('');
    expect(source.replaceAll(/^ {4}/gm, '')).toContain(code.trimEnd());
  });
});
