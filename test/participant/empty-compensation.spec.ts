import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type OutgoingMessage, saga, topics } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import {
  CommandHandler,
  CompensationHandler,
  ParticipantModule,
  ParticipantServer,
} from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { Controller, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import { silence } from '../contracts/transport-harness.js';
import { freshDatabase } from '../setup/real-services.js';
import { until } from './participant-harness.js';

class Order {
  @IsString()
  item!: string;
}
class Refunded {
  @IsString()
  refundId!: string;
}
const Charge = command('payment.charge', { request: Order, reply: Refunded });
const Refund = command('payment.refund', { request: Order, reply: Refunded });

const OrderSaga = saga('order', { version: 1, input: Order })
  .step('charge', {
    send: Charge,
    with: ({ input }) => ({ item: input.item }),
    timeout: '200ms',
    retry: { maximumAttempts: 1 },
    undo: { send: Refund, with: ({ input }) => ({ item: input.item }) },
  })
  .build();

let calls: string[] = [];

@Controller()
class PaymentsController {
  @CommandHandler(Charge)
  charge(): Refunded {
    calls.push('charge');
    return { refundId: 'none' };
  }

  @CompensationHandler(Refund)
  refund(): Refunded {
    calls.push('refund');
    return { refundId: 'r-1' };
  }
}

/** Loses every action on its way. */
class LosingTransport extends MemoryTransport {
  override send(messages: readonly OutgoingMessage[]): Promise<void> {
    return super.send(messages.filter(({ message }) => message.type !== Charge.type));
  }
}

describe('a compensation that answers with data, of an action that never came, on real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let app: INestApplication;
  let engine: SagaEngine;
  let broker: MemoryBroker;

  beforeEach(async () => {
    calls = [];
    database = await freshDatabase(participantSchema);
    broker = new MemoryBroker();
    const { dataSource } = database;
    const transport = new MemoryTransport({ broker });

    @Module({
      imports: [
        ParticipantModule.forRoot({ namespace: 'shop', participant: 'payment', dataSource, transport }),
      ],
      controllers: [PaymentsController],
    })
    class PaymentModule {}

    app = await NestFactory.create(PaymentModule, { logger: false });
    app.connectMicroservice({ strategy: app.get(ParticipantServer) });
    await app.startAllMicroservices();
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    engine = new SagaEngine({
      namespace: 'shop',
      store: new MemoryStore(),
      transport: new LosingTransport({ broker }),
      definitions,
      log: silence,
      timerPollMs: 50,
    });
    await engine.start();
  });
  afterEach(async () => {
    await engine.stop();
    await app.close();
    await database.drop();
  });

  it('is done at once: the saga is compensated, nobody is asked again, and nothing is put aside', async () => {
    await engine.startSaga({ definition: 'order', id: 'o-1', input: { item: 'hat' } });
    const ended = await until(async () => {
      const instance = await engine.find('o-1');
      return instance?.status === 'compensated' ? instance : undefined;
    });
    expect(ended.visits[0]?.undo).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(calls).toEqual([]);
    expect(broker.messages(topics.deadLetters(topics.replies('shop')))).toEqual([]);
  });
});
