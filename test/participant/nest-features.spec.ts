import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message, topics } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import {
  CommandContext,
  CommandHandler,
  CommandRejectedException,
  ParticipantModule,
  ParticipantServer,
} from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  Module,
  type NestInterceptor,
  type PipeTransform,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Type } from 'class-transformer';
import { IsInt, IsString, Min, ValidateNested } from 'class-validator';
import { map, type Observable } from 'rxjs';
import { freshDatabase } from '../setup/real-services.js';

class Card {
  @IsString()
  number!: string;
}
class ChargeRequest {
  @IsInt()
  @Min(1)
  amount!: number;

  @ValidateNested()
  @Type(() => Card)
  card!: Card;
}
class Charged {
  @IsString()
  paymentId!: string;
}
const Charge = command('payment.charge', {
  request: ChargeRequest,
  reply: Charged,
  rejections: ['no_money'],
});
const Guarded = command('payment.guarded', { request: ChargeRequest });
const Piped = command('payment.piped', { request: ChargeRequest, reply: Charged });
const Wrapped = command('payment.wrapped', { request: ChargeRequest, reply: Charged });
const Filtered = command('payment.filtered', { request: ChargeRequest, rejections: ['too_poor'] });

class OverdrawnError extends Error {}

class NobodyMay implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}
class Double implements PipeTransform {
  transform(value: unknown): unknown {
    return value instanceof ChargeRequest ? { ...value, amount: value.amount * 2 } : value;
  }
}
class Stamp implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((reply: Charged) => ({ paymentId: `stamped ${reply.paymentId}` })));
  }
}
@Catch(OverdrawnError)
class OverdrawnMeansNo implements ExceptionFilter {
  catch(error: OverdrawnError, _host: ArgumentsHost): never {
    throw new CommandRejectedException('too_poor', error.message);
  }
}

@Controller()
class PaymentsController {
  @CommandHandler(Charge)
  charge(request: ChargeRequest, ctx: CommandContext<typeof Charge>): Charged {
    if (request.amount > 1_000) return ctx.reject('no_money', 'too much');
    if (request.amount === 13) throw new Error('the terminal is on fire');
    return {
      paymentId: `${request.constructor.name} of ${request.amount}, ${ctx.commandId}, ${ctx.attempt}`,
    };
  }

  @CommandHandler(Guarded)
  @UseGuards(NobodyMay)
  guarded(): void {
    throw new Error('never called');
  }

  @CommandHandler(Piped)
  @UsePipes(Double)
  piped(request: ChargeRequest): Charged {
    return { paymentId: String(request.amount) };
  }

  @CommandHandler(Wrapped)
  @UseInterceptors(Stamp)
  wrapped(request: ChargeRequest): Promise<Charged> {
    return Promise.resolve({ paymentId: String(request.amount) });
  }

  @CommandHandler(Filtered)
  @UseFilters(OverdrawnMeansNo)
  filtered(): void {
    throw new OverdrawnError('not a penny');
  }
}

const COMMANDS = topics.commands('shop', 'payment');
const REPLIES = topics.replies('shop');

describe('a participant as a Nest microservice, on real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let broker: MemoryBroker;
  let transport: MemoryTransport;
  let app: INestApplication;
  let replies: Message[];

  beforeAll(async () => {
    database = await freshDatabase(participantSchema);
  });
  afterAll(() => database.drop());

  beforeEach(async () => {
    await database.dataSource.query('TRUNCATE skald_barrier');
    broker = new MemoryBroker();
    transport = new MemoryTransport({ broker });
    replies = [];

    @Module({
      imports: [
        ParticipantModule.forRootAsync({
          useFactory: () => ({
            participant: 'payment',
            namespace: 'shop',
            transport,
            dataSource: database.dataSource,
          }),
        }),
      ],
      controllers: [PaymentsController],
    })
    class PaymentModule {}

    app = await NestFactory.create(PaymentModule, { logger: false });
    app.connectMicroservice({ strategy: app.get(ParticipantServer) }, { inheritAppConfig: true });
    await app.startAllMicroservices();
    await transport.consume({
      group: 'test',
      topics: [REPLIES],
      from: 'beginning',
      maximumBatch: 10,
      handle: (batch) => {
        replies.push(...batch.map(({ message }) => message));
        return Promise.resolve([]);
      },
    });
  });
  afterEach(async () => {
    await app.close();
    await transport.close();
  });

  async function send(type: string, data: unknown, fields: Partial<Message> = {}): Promise<void> {
    const message: Message = {
      specversion: '1.0',
      id: 'shop/order@1/o-1/charge/do/1',
      source: '/test',
      type,
      namespace: 'shop',
      sagaid: 'o-1',
      attempt: 2,
      replyto: REPLIES,
      data,
      ...fields,
    };
    await transport.send([{ topic: COMMANDS, message }]);
  }

  async function replyTo(
    type: string,
    data: unknown = { amount: 5, card: { number: '1' } },
  ): Promise<Message> {
    const before = replies.length;
    await send(type, data);
    return until(() => replies[before]);
  }

  async function until<T>(look: () => T | undefined): Promise<T> {
    for (let tries = 0; tries < 500; tries += 1) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('it did not come');
  }

  it('answers with what the handler returns, and with the attributes that say where the reply belongs', async () => {
    expect(await replyTo('payment.charge')).toMatchObject({
      type: 'skald.reply.succeeded',
      id: 'shop/order@1/o-1/charge/do/1/reply',
      commandid: 'shop/order@1/o-1/charge/do/1',
      sagaid: 'o-1',
      attempt: 2,
      data: { paymentId: 'ChargeRequest of 5, shop/order@1/o-1/charge/do/1, 2' },
    });
  });

  it('answers no when the handler rejects', async () => {
    expect(await replyTo('payment.charge', { amount: 5_000, card: { number: '1' } })).toMatchObject({
      type: 'skald.reply.rejected',
      data: { code: 'no_money', message: 'too much' },
    });
  });

  it('answers failed when the handler throws, with the message and without the stack', async () => {
    const { type, data } = await replyTo('payment.charge', { amount: 13, card: { number: '1' } });
    expect(type).toBe('skald.reply.failed');
    expect(data).toEqual({ code: 'handler_failed', message: 'the terminal is on fire' });
  });

  it('answers no to a payload that fails its DTO, naming the fields and not their values', async () => {
    const { type, data } = await replyTo('payment.charge', { amount: 0, card: { number: 4_711 } });
    expect(type).toBe('skald.reply.rejected');
    expect(data).toEqual({
      code: 'invalid_request',
      message: 'amount must not be less than 1; card.number must be a string',
    });
  });

  it('keeps the no to an invalid payload, so that no copy is let through later', async () => {
    await replyTo('payment.charge', { amount: 0 });
    expect(await replyTo('payment.charge', { amount: 0 })).toMatchObject({ type: 'skald.reply.rejected' });
    expect(await replyTo('payment.charge', { amount: 5, card: { number: '1' } })).toMatchObject({
      type: 'skald.reply.failed',
      data: { code: 'payload_changed' },
    });
  });

  it('asks guards', async () => {
    expect(await replyTo('payment.guarded')).toMatchObject({
      type: 'skald.reply.failed',
      data: { message: 'Forbidden resource' },
    });
  });

  it('applies pipes', async () => {
    expect((await replyTo('payment.piped')).data).toEqual({ paymentId: '10' });
  });

  it('applies interceptors', async () => {
    expect((await replyTo('payment.wrapped')).data).toEqual({ paymentId: 'stamped 5' });
  });

  it('applies exception filters, which may turn an error into a no', async () => {
    expect(await replyTo('payment.filtered')).toMatchObject({
      type: 'skald.reply.rejected',
      data: { code: 'too_poor', message: 'not a penny' },
    });
  });

  it.each<[string, string, Partial<Message>, string]>([
    ['of an unknown type', 'payment.dance', {}, 'unknown_type'],
    ['of another namespace', 'payment.charge', { namespace: 'other' }, 'wrong_namespace'],
  ])('dead-letters a command %s and goes on', async (_, type, fields, code) => {
    await send(type, {}, fields);
    await replyTo('payment.charge');
    const [letter] = broker.messages(topics.deadLetters(COMMANDS));
    expect(letter?.headers).toMatchObject({ 'dlq-code': code });
  });
});

describe('a participant that is put together wrongly', () => {
  it('does not start with a handler of another participant', async () => {
    const broker = new MemoryBroker();
    const transport = new MemoryTransport({ broker });
    const { dataSource, drop } = await freshDatabase(participantSchema);
    @Module({
      imports: [
        ParticipantModule.forRoot({ participant: 'shipping', namespace: 'shop', transport, dataSource }),
      ],
      controllers: [PaymentsController],
    })
    class WrongModule {}
    const app = await NestFactory.create(WrongModule, { logger: false, abortOnError: false });
    app.connectMicroservice({ strategy: app.get(ParticipantServer) });
    await expect(app.startAllMicroservices()).rejects.toThrow(/belongs to the participant 'payment'/);
    await app.close();
    await drop();
  });
});
