import 'reflect-metadata';
import { participantImports, runService, startParticipant } from '@bricklayer/chassis';
import { command } from '@skald/core';
import { CommandContext, CommandHandler } from '@skald/participant';
import { Controller, Module } from '@nestjs/common';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { crashProbeFromEnvironment } from './crash-probe.js';

class Charge {
  number!: number;
}
const ChargeCommand = command('payment.charge', { request: Charge });

class Payments1763600000040 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE payment (number integer NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE payment');
  }
}

@Controller()
class PaymentsController {
  @CommandHandler(ChargeCommand, { transaction: 'shared' })
  async charge({ number }: Charge, ctx: CommandContext<typeof ChargeCommand>): Promise<void> {
    await ctx.transaction.query('INSERT INTO payment VALUES ($1)', [number]);
  }
}

@Module({ controllers: [PaymentsController] })
class PaymentModule {}

await runService(
  'payment',
  (surroundings) =>
    startParticipant({
      module: PaymentModule,
      imports: participantImports(
        'payment',
        { entities: [], migrations: [Payments1763600000040] },
        surroundings,
      ),
    }),
  crashProbeFromEnvironment(),
);
