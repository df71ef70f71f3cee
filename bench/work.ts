import { randomBytes } from 'node:crypto';
import { command, saga } from '@skald/core';
import { IsBoolean, IsInt, IsISO8601, IsString, Min } from 'class-validator';

/*
 * The work that is measured: an order of three steps, each at another participant. `ok` goes well; in `comp` the third
 * step is rejected and the other two are undone. Payloads are of about 100 bytes unless `padding` makes them larger.
 */

export type Variant = 'ok' | 'comp';
export const VARIANTS: readonly Variant[] = ['ok', 'comp'];

export const PARTICIPANTS = ['stock', 'payment', 'shipping'] as const;
export type Participant = (typeof PARTICIPANTS)[number];

export class OrderLine {
  @IsString()
  orderId!: string;

  @IsString()
  customerId!: string;

  @IsInt()
  @Min(0)
  amount!: number;

  @IsString()
  currency!: string;

  @IsString()
  padding!: string;
}

export class Order extends OrderLine {
  /** Whether the last step is to be refused. */
  @IsBoolean()
  refuse!: boolean;
}

export class Done {
  @IsString()
  id!: string;

  @IsISO8601()
  at!: string;
}

export const ReserveStock = command('stock.reserve', { request: OrderLine, reply: Done });
export const ReleaseStock = command('stock.release', { request: OrderLine, reply: Done });
export const TakePayment = command('payment.take', { request: OrderLine, reply: Done });
export const RefundPayment = command('payment.refund', { request: OrderLine, reply: Done });
export const BookShipment = command('shipping.book', {
  request: Order,
  reply: Done,
  rejections: ['no_route'],
});
export const CancelShipment = command('shipping.cancel', { request: OrderLine, reply: Done });

function line({ orderId, customerId, amount, currency, padding }: Order): OrderLine {
  return { orderId, customerId, amount, currency, padding };
}

export const OrderSaga = saga('order', { version: 1, input: Order })
  .step('reserve stock', {
    send: ReserveStock,
    with: ({ input }) => line(input),
    as: 'stock',
    undo: { send: ReleaseStock, with: ({ input }) => line(input) },
  })
  .step('take payment', {
    send: TakePayment,
    with: ({ input }) => line(input),
    as: 'payment',
    undo: { send: RefundPayment, with: ({ input }) => line(input) },
  })
  .step('book shipment', {
    send: BookShipment,
    with: ({ input }) => ({ ...line(input), refuse: input.refuse }),
    as: 'shipment',
    undo: { send: CancelShipment, with: ({ input }) => line(input) },
  })
  .build(({ stock, payment, shipment }) => ({
    stock: stock.id,
    payment: payment.id,
    shipment: shipment.id,
  }));

const paddings = new Map<number, string>();

/** Text that PostgreSQL cannot compress, so that its size counts in full. */
function paddingOf(bytes: number): string {
  const padding = paddings.get(bytes) ?? randomBytes(bytes).toString('base64url').slice(0, bytes);
  paddings.set(bytes, padding);
  return padding;
}

export function orderOf(variant: Variant, id: string, paddingBytes = 0): Order {
  return {
    orderId: id,
    customerId: 'customer-4711',
    amount: 12_999,
    currency: 'EUR',
    padding: paddingOf(paddingBytes),
    refuse: variant === 'comp',
  };
}
