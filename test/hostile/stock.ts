import {
  type CommandContext,
  CommandHandler,
  CompensationHandler,
  type HandlerTransaction,
  ParticipantModule,
  type ParticipantOptions,
  ParticipantServer,
} from '@skald/participant';
import { type INestApplicationContext, Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type Anything,
  Charge,
  type Item,
  NOT_PAID,
  Release,
  Reserve,
  type Reserved,
  Spoil,
} from './sagas.js';
import { IN_REPLY, REJECTED, spoilt } from './spoilt.js';

/** Where the participant writes what it does; it holds nobody back. */
export interface Ledger {
  /** Of the handlers, by what the ledger is kept in. */
  readonly transactions: { readonly stock: HandlerTransaction; readonly money: HandlerTransaction };
  enter(ctx: CommandContext, type: string): Promise<void>;
}

export interface Stock {
  /** What it complains of, if it does. */
  problem(): string | undefined;
  close(): Promise<void>;
}

/** The participant that keeps its contract, with the library that others build theirs with. */
export async function startStock(
  ledger: Ledger,
  options: Pick<ParticipantOptions, 'namespace' | 'transport' | 'dataSource'>,
): Promise<Stock> {
  const { stock, money } = ledger.transactions;

  @Controller()
  class StockController {
    @CommandHandler(Reserve, { transaction: stock })
    async reserve(_: Item, ctx: CommandContext<typeof Reserve>): Promise<Reserved> {
      await ledger.enter(ctx, Reserve.type);
      return { place: 1 };
    }

    @CompensationHandler(Release, { transaction: stock })
    async release(_: Item, ctx: CommandContext<typeof Release>): Promise<void> {
      await ledger.enter(ctx, Release.type);
    }

    @CommandHandler(Charge, { transaction: money })
    async charge({ item }: Item, ctx: CommandContext<typeof Charge>): Promise<void> {
      if (item === NOT_PAID) ctx.reject('no_money');
      await ledger.enter(ctx, Charge.type);
    }

    @CommandHandler(Spoil, { transaction: stock })
    async spoil({ item }: Item, ctx: CommandContext<typeof Spoil>): Promise<Anything> {
      if (item.startsWith(REJECTED)) ctx.reject('spoilt', spoilt(item.slice(REJECTED.length)).what);
      return spoilt(item.startsWith(IN_REPLY) ? item.slice(IN_REPLY.length) : '');
    }
  }

  @Module({
    imports: [ParticipantModule.forRoot({ participant: 'stock', ...options })],
    controllers: [StockController],
  })
  class StockModule {}

  const app = await NestFactory.create(StockModule, { logger: false, abortOnError: false });
  const server = app.get(ParticipantServer);
  app.connectMicroservice({ strategy: server });
  try {
    await app.startAllMicroservices();
  } catch (error) {
    await app.close();
    throw error;
  }
  return stockOf(app, server);
}

function stockOf(app: INestApplicationContext, server: ParticipantServer): Stock {
  return {
    problem: () =>
      server.isReady() ? undefined : `the participant is not ready: ${server.problem() ?? 'no reason'}`,
    close: () => app.close(),
  };
}
