import { call, command, saga, signal } from '@skald/core';
import { Allow, IsInt, IsOptional, IsString } from 'class-validator';
import { spoilt } from './spoilt.js';

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
export class Anything {
  @Allow()
  what!: string;
}
/** Its handler gives back what its item names, see `spoilt`. */
export const Spoil = command('stock.spoil', { request: Item, reply: Anything, rejections: ['spoilt'] });
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

/** What its participant replies, or its output, is what its item names. */
export const SpoiltSaga = saga('spoilt', { version: 1, input: Order })
  .step('spoil', { send: Spoil, with: itemOf, retry: { maximumAttempts: 1 } })
  .build(({ input }) => spoilt(input.item));

export const SAGAS = [GoodSaga, OpenSaga, SpoiltSaga] as const;

export const NOT_PAID = 'not paid';

/** The types of what a good saga does, in their order. */
export const EFFECTS = {
  completed: [Reserve.type, Charge.type],
  compensated: [Reserve.type, Release.type],
} as const;
