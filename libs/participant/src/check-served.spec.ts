import { describe, expect, it } from '@jest/globals';
import { command, saga } from '@skald/core';
import { Controller, Module } from '@nestjs/common';
import { checkServed } from './check-served.js';
import { CommandHandler, CompensationHandler, type HandlerTransaction } from './command-handler.decorator.js';
import { servedContracts } from './served-contracts.js';

class Order {
  amount!: number;
}
class Paid {
  id!: string;
}
class Answer {
  happened!: boolean;
  reply?: Paid;
}
const Charge = command('payment.charge', { request: Order, reply: Paid, rejections: ['no_money'] });
const Refund = command('payment.refund', { request: Order });
const OrderSaga = saga('order', { version: 1, input: Order })
  .step('charge', {
    send: Charge,
    with: ({ input }) => input,
    undo: { send: Refund, with: ({ input }) => input },
  })
  .build();

@Controller()
class ChargeController {
  @CommandHandler(Charge)
  charge(): Paid {
    return { id: 'p-1' };
  }
}
@Controller()
class RefundController {
  @CompensationHandler(Refund)
  refund(): void {}
}
@Module({ controllers: [RefundController] })
class RefundModule {}
@Module({ controllers: [ChargeController], imports: [RefundModule] })
class PaymentModule {}
@Module({})
class OuterModule {}

describe('what is sent and what is served', () => {
  it('fit when everything is handled, by the controllers of modules and of what they import', () => {
    expect(checkServed([OrderSaga], servedContracts(PaymentModule))).toEqual([]);
    expect(
      checkServed([OrderSaga], servedContracts({ module: OuterModule, imports: [PaymentModule] })),
    ).toEqual([]);
  });

  it('finds handlers that a controller inherits', () => {
    class Special extends ChargeController {}
    expect(servedContracts(Special)).toMatchObject([{ contract: Charge, place: 'Special.charge' }]);
  });

  it('do not fit when a compensation is missing', () => {
    expect(checkServed([OrderSaga], servedContracts(ChargeController))).toEqual([
      "saga 'order@1', step 'charge': its compensation 'payment.refund' is served by nobody; " +
        "put @CompensationHandler on a method of 'payment'",
    ]);
  });

  it('do not fit when the action is served as a compensation', () => {
    class Mixed {
      @CompensationHandler(Charge)
      charge(): Paid {
        return { id: 'p-1' };
      }
    }
    expect(checkServed([OrderSaga], servedContracts(Mixed, RefundModule))).toEqual([
      expect.stringContaining('Mixed.charge; use @CommandHandler'),
    ]);
  });

  it('do not fit when two copies of a contract differ, in request, reply or rejections', () => {
    class Receipt {
      id!: string;
    }
    const Copy = command('payment.charge', { request: Paid, reply: Receipt, rejections: ['too_late'] });
    class Copied {
      @CommandHandler(Copy)
      charge(): Receipt {
        return { id: 'p-1' };
      }
    }
    expect(checkServed([OrderSaga], servedContracts(Copied, RefundModule))).toEqual([
      expect.stringContaining('the request Order for the saga and Paid for Copied.charge'),
      expect.stringContaining('the reply Paid for the saga and Receipt for Copied.charge'),
      expect.stringContaining('the rejections no_money for the saga and too_late for Copied.charge'),
    ]);
  });

  it.each<[HandlerTransaction, boolean, string]>([
    ['own', false, ''],
    ['none', true, ''],
    ['none', false, "its probe 'payment.was-charged' has no barrier to answer it"],
    ['own', true, 'leave out the handler, the barrier knows'],
  ])(
    'of a probe: action %s, a handler without a barrier for the probe: %s',
    (transaction, isServed, problem) => {
      const WasCharged = command('payment.was-charged', { request: Order, reply: Answer });
      const Probed = saga('probed', { version: 1, input: Order })
        .step('charge', {
          send: Charge,
          with: ({ input }) => input,
          probe: { send: WasCharged, with: ({ input }) => input },
        })
        .build();
      class Charging {
        @CommandHandler(Charge, { transaction })
        charge(): Paid {
          return { id: 'p-1' };
        }
      }
      class Probing {
        @CommandHandler(WasCharged, { transaction: 'none' })
        wasCharged(): Answer {
          return { happened: false };
        }
      }
      const served = isServed ? servedContracts(Charging, Probing) : servedContracts(Charging);
      expect(checkServed([Probed], served)).toEqual(problem === '' ? [] : [expect.stringContaining(problem)]);
    },
  );

  it.each<[HandlerTransaction, HandlerTransaction]>([
    ['none', 'own'],
    ['shared', 'none'],
  ])('do not fit when one of action and compensation has no barrier (%s, %s)', (action, undo) => {
    class Halves {
      @CommandHandler(Charge, { transaction: action })
      charge(): Paid {
        return { id: 'p-1' };
      }

      @CompensationHandler(Refund, { transaction: undo })
      refund(): void {}
    }
    expect(checkServed([OrderSaga], servedContracts(Halves))).toEqual([
      expect.stringContaining('Halves.charge and Halves.refund'),
    ]);
  });
});
