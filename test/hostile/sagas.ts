import { call, command, saga, signal } from '@skald/core';
import { IsInt, IsOptional, IsString } from 'class-validator';

export class Order {
  @IsString()
  item!: string;

  @IsOptional()
  @IsString()
  deliverOn?: string;
}
export class Item {
  @IsString()
  item!: string;
}
export class Reserved {
  @IsInt()
  place!: number;
}

export const Reserve = command('stock.reserve', { request: Item, reply: Reserved, rejections: ['sold_out'] });
export const Release = command('stock.release', { request: Item });
export const Charge = command('stock.charge', { request: Item, rejections: ['no_money'] });
const Paid = signal('paid', { data: Item });
const Price = call('price', { request: Item, reply: Item });
const itemOf = ({ input }: { input: Order }): Item => ({ item: input.item });

/** What the good sagas run: it completes, or turns back when the item is `NOT_PAID`. */
export const GoodSaga = saga('good', { version: 1, input: Order })
  .step('reserve', { send: Reserve, with: itemOf, as: 'stock', undo: { send: Release, with: itemOf } })
  .step('charge', { send: Charge, with: itemOf })
  .build(({ stock }) => ({ place: stock.place }));

/** What hostile messages may reach: it waits, sleeps and answers. */
export const OpenSaga = saga('open', { version: 1, input: Order })
  .onCall(Price, { handle: (_data, { item }) => ({ answer: { item } }) })
  .sleep('until delivery', ({ input }) => input.deliverOn ?? 0)
  .waitFor('payment', { signals: [Paid] })
  .build();

export const NOT_PAID = 'not paid';
