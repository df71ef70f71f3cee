import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command, saga } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { SagaEngine, SagaModule } from '@skald/orchestrator';
import { CommandContext, CommandHandler, ParticipantModule, ParticipantServer } from '@skald/participant';
import { orchestratorSchema, participantSchema, PostgresStore } from '@skald/postgres';
import { Controller, type INestApplication, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsInt, IsString } from 'class-validator';
import { freshDatabase } from '../setup/real-services.js';

class Order {
  @IsInt()
  price!: number;
}
class Priced {
  @IsInt()
  total!: number;
}
class Note {
  @IsString()
  text!: string;
}
const AddTax = command('local.add-tax', { request: Order, reply: Priced });
const Write = command('local.write', { request: Note });

const OrderSaga = saga('order', { version: 1, input: Order })
  .step('add tax', { send: AddTax, with: ({ input }) => ({ price: input.price }), as: 'priced' })
  .step('write', { send: Write, with: ({ priced }) => ({ text: `total ${priced.total}` }) })
  .build(({ priced }) => ({ total: priced.total }));

@Injectable()
class Taxes {
  add(price: number): number {
    return Math.round(price * 1.25);
  }
}

@Controller()
class LocalSteps {
  constructor(@Inject(Taxes) private readonly taxes: Taxes) {}

  @CommandHandler(AddTax)
  addTax({ price }: Order): Priced {
    return { total: this.taxes.add(price) };
  }

  @CommandHandler(Write)
  async write({ text }: Note, ctx: CommandContext<typeof Write>): Promise<void> {
    await ctx.transaction.query('INSERT INTO note VALUES ($1)', [text]);
  }
}

describe('a local step: a command that is handled in the process of the orchestrator, without a broker', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let app: INestApplication;

  beforeAll(async () => {
    database = await freshDatabase({
      entities: [...orchestratorSchema.entities, ...participantSchema.entities],
      migrations: [...orchestratorSchema.migrations, ...participantSchema.migrations],
    });
    await database.dataSource.query('CREATE TABLE note (text text)');
    const { dataSource } = database;
    const transport = new MemoryTransport({ broker: new MemoryBroker() });
    const namespace = 'monolith';

    @Module({
      imports: [
        SagaModule.forRoot({ namespace, transport, store: new PostgresStore(dataSource) }),
        SagaModule.forFeature([OrderSaga]),
        ParticipantModule.forRoot({ namespace, transport, dataSource, participant: 'local' }),
      ],
      controllers: [LocalSteps],
      providers: [Taxes],
    })
    class Monolith {}

    app = await NestFactory.create(Monolith, { logger: false });
    app.connectMicroservice({ strategy: app.get(ParticipantServer) });
    await app.startAllMicroservices();
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('is given its Nest services, and takes effect once, with the barrier in the same database', async () => {
    const engine = app.get(SagaEngine);
    await engine.startSaga({ definition: 'order', id: 'o-1', input: { price: 100 } });
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await engine.find('o-1'))?.status === 'completed') break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await engine.find('o-1')).toMatchObject({ status: 'completed', output: { total: 125 } });
    expect(await database.dataSource.query('SELECT text FROM note')).toEqual([{ text: 'total 125' }]);
    expect(await database.dataSource.query('SELECT count(*)::int AS count FROM skald_barrier')).toEqual([
      { count: 2 },
    ]);
  });
});
