import { participantImports, startParticipant, type Surroundings } from '@bricklayer/chassis';
import { type CommandContext, CommandHandler } from '@skald/participant';
import { Controller, type DynamicModule, Module, type Type } from '@nestjs/common';
import {
  BookShipment,
  CancelShipment,
  Done,
  Order,
  OrderLine,
  type Participant,
  PARTICIPANTS,
  RefundPayment,
  ReleaseStock,
  ReserveStock,
  TakePayment,
} from '../work.js';

/*
 * Three participants, each with its own database. Their handlers change nothing themselves: what is measured is the
 * barrier, whose rows and replies are stored in a transaction before the reply goes out.
 */

const SHARED = { transaction: 'shared' } as const;

function done(request: OrderLine): Done {
  return { id: `done-${request.orderId}`, at: new Date().toISOString() };
}

@Controller()
class StockController {
  @CommandHandler(ReserveStock, SHARED)
  reserve(request: OrderLine): Done {
    return done(request);
  }

  @CommandHandler(ReleaseStock, SHARED)
  release(request: OrderLine): Done {
    return done(request);
  }
}

@Controller()
class PaymentController {
  @CommandHandler(TakePayment, SHARED)
  take(request: OrderLine): Done {
    return done(request);
  }

  @CommandHandler(RefundPayment, SHARED)
  refund(request: OrderLine): Done {
    return done(request);
  }
}

@Controller()
class ShippingController {
  @CommandHandler(BookShipment, SHARED)
  book(request: Order, ctx: CommandContext<typeof BookShipment>): Done {
    return request.refuse ? ctx.reject('no_route') : done(request);
  }

  @CommandHandler(CancelShipment, SHARED)
  cancel(request: OrderLine): Done {
    return done(request);
  }
}

const CONTROLLERS: Readonly<Record<Participant, Type>> = {
  stock: StockController,
  payment: PaymentController,
  shipping: ShippingController,
};

@Module({})
class BenchParticipant {
  static forRoot(participant: Participant, surroundings: Surroundings): DynamicModule {
    return {
      module: BenchParticipant,
      controllers: [CONTROLLERS[participant]],
      imports: participantImports(participant, { entities: [], migrations: [] }, surroundings),
    };
  }
}

/** Starts the three in this process. */
export async function startParticipants({
  namespace,
  databases,
  transport,
}: Pick<Surroundings, 'namespace' | 'transport'> & {
  readonly databases: Readonly<Record<string, string>>;
}): Promise<{ close(): Promise<void> }> {
  const apps = await Promise.all(
    PARTICIPANTS.map((participant) => {
      const databaseUrl = databases[participant] ?? '';
      return startParticipant(BenchParticipant.forRoot(participant, { namespace, databaseUrl, transport }));
    }),
  );
  return {
    close: async () => {
      await Promise.all(apps.map((app) => app.close()));
    },
  };
}
