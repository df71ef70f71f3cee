import { setTimeout as sleep } from 'node:timers/promises';
import { participantImports, type Surroundings } from '@bricklayer/chassis';
import { type CommandContext, CommandHandler } from '@skald/participant';
import { Controller, type DynamicModule, Module, type Type } from '@nestjs/common';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  BookShipment,
  CancelShipment,
  type Charge,
  Line,
  type Participant,
  RefundPayment,
  ReleaseStock,
  ReserveStock,
  type Shipment,
  TakePayment,
} from './contracts.js';

/*
 * Three participants that write each effect into a ledger, which holds nobody back: whatever were done twice, or undone
 * without having been done, would be seen there.
 */

class Ledger1763600000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE effect (
        saga_id text        NOT NULL,
        type    text        NOT NULL,
        at      timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE effect');
  }
}

async function enter(ctx: CommandContext, type: string): Promise<void> {
  await ctx.transaction.query('INSERT INTO effect (saga_id, type) VALUES ($1, $2)', [ctx.sagaId, type]);
}

@Controller()
class StockController {
  @CommandHandler(ReserveStock, { transaction: 'shared' })
  async reserve(_: Line, ctx: CommandContext<typeof ReserveStock>): Promise<void> {
    await enter(ctx, ReserveStock.type);
  }

  @CommandHandler(ReleaseStock, { transaction: 'shared' })
  async release(_: Line, ctx: CommandContext<typeof ReleaseStock>): Promise<void> {
    await enter(ctx, ReleaseStock.type);
  }
}

@Controller()
class PaymentController {
  @CommandHandler(TakePayment, { transaction: 'shared' })
  async take({ failures }: Charge, ctx: CommandContext<typeof TakePayment>): Promise<void> {
    if (ctx.attempt <= failures) throw new Error('the bank does not answer');
    await enter(ctx, TakePayment.type);
  }

  @CommandHandler(RefundPayment, { transaction: 'shared' })
  async refund(_: Line, ctx: CommandContext<typeof RefundPayment>): Promise<void> {
    await enter(ctx, RefundPayment.type);
  }
}

@Controller()
class ShippingController {
  @CommandHandler(BookShipment)
  async book({ slowMs, refuse }: Shipment, ctx: CommandContext<typeof BookShipment>): Promise<void> {
    await enter(ctx, BookShipment.type);
    if (slowMs > 0) await sleep(slowMs);
    if (refuse) ctx.reject('no_route');
  }

  @CommandHandler(CancelShipment)
  async cancel(_: Line, ctx: CommandContext<typeof CancelShipment>): Promise<void> {
    await enter(ctx, CancelShipment.type);
  }
}

const CONTROLLERS: Readonly<Record<Participant, Type>> = {
  stock: StockController,
  payment: PaymentController,
  shipping: ShippingController,
};

@Module({})
export class ChaosParticipant {
  static forRoot(participant: Participant, surroundings: Surroundings): DynamicModule {
    const own = { entities: [], migrations: [Ledger1763600000100] };
    return {
      module: ChaosParticipant,
      controllers: [CONTROLLERS[participant]],
      imports: participantImports(participant, own, surroundings),
    };
  }
}
