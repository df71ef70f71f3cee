import { type CommandContract, command } from '@skald/core';
import { IsBoolean, IsInt, IsString, Min } from 'class-validator';

/** What a saga of any kind is started with. */
export class Order {
  @IsString()
  orderId!: string;

  /** How many attempts of the payment fail before one succeeds. */
  @IsInt()
  @Min(0)
  failures!: number;

  /** How long the shipment takes. Milliseconds. */
  @IsInt()
  @Min(0)
  slowMs!: number;

  /** Whether the shipment is refused. */
  @IsBoolean()
  refuse!: boolean;
}

export class Line {
  @IsString()
  orderId!: string;
}

export class Charge extends Line {
  @IsInt()
  @Min(0)
  failures!: number;
}

export class Shipment extends Line {
  @IsInt()
  @Min(0)
  slowMs!: number;

  @IsBoolean()
  refuse!: boolean;
}

export const ReserveStock = command('stock.reserve', { request: Line });
export const ReleaseStock = command('stock.release', { request: Line });
export const TakePayment = command('payment.take', { request: Charge });
export const RefundPayment = command('payment.refund', { request: Line });
export const BookShipment = command('shipping.book', { request: Shipment, rejections: ['no_route'] });
export const CancelShipment = command('shipping.cancel', { request: Line });

export const PARTICIPANTS = ['stock', 'payment', 'shipping'] as const;
export type Participant = (typeof PARTICIPANTS)[number];

/** What undoes what, by their types. */
export const UNDONE_BY: ReadonlyMap<string, string> = new Map(
  (
    [
      [ReserveStock, ReleaseStock],
      [TakePayment, RefundPayment],
      [BookShipment, CancelShipment],
    ] satisfies [CommandContract, CommandContract][]
  ).map(([action, undo]) => [action.type, undo.type]),
);
