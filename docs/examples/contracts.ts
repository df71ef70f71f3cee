import { call, command, signal } from '@skald/core';
import { IsBoolean, IsInt, IsOptional, IsString } from 'class-validator';

/** What the examples of saga-language.md order, book and pay. */
export class Order {
  @IsString()
  item!: string;

  @IsInt()
  price!: number;

  /** ISO 8601. */
  @IsOptional()
  @IsString()
  deliverOn?: string;
}
export class Item {
  @IsString()
  item!: string;
}
export class Amount {
  @IsInt()
  price!: number;
}
export class Reserved {
  @IsString()
  reservationId!: string;
}
export class Paid {
  @IsString()
  paymentId!: string;
}
export class PaymentProbe {
  @IsBoolean()
  happened!: boolean;

  @IsOptional()
  reply?: Paid;
}
export class Offer {
  @IsInt()
  price!: number;
}
export class Decision {
  @IsString()
  by!: string;
}
export class Address {
  @IsString()
  street!: string;
}
export class Accepted {
  @IsBoolean()
  accepted!: boolean;
}

export const Reserve = command('stock.reserve', {
  request: Item,
  reply: Reserved,
  rejections: ['sold_out'],
});
export const Release = command('stock.release', { request: Item });
export const Pay = command('payment.pay', {
  request: Amount,
  reply: Paid,
  rejections: ['no_money', 'too_dear'],
});
export const Refund = command('payment.refund', { request: Amount });
export const WasPaid = command('payment.was-paid', { request: Amount, reply: PaymentProbe });
export const AskPrice = command('sales.ask-price', { request: Item, reply: Offer });
export const Ship = command('shipping.ship', { request: Item, rejections: ['no_address'] });
export const Tell = command('mail.tell', { request: Item });

export const Approved = signal('approved', { data: Decision });
export const Declined = signal('declined', { data: Decision });
export const ChangeAddress = call('change-address', {
  request: Address,
  reply: Accepted,
  rejections: ['shipped_already'],
});
