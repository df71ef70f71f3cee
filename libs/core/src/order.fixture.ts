import { command } from './contract.js';
import type { AnySaga } from './definition.js';
import { isDetail, type SagaEvent } from './events.js';
import { parseCommandId } from './ids.js';
import { commandIdOf, type SagaInstance } from './instance.js';
import { saga } from './saga.js';
import { transition } from './transition.js';

export class OrderInput {
  item!: string;
  amount!: number;
}
export class ReserveStockRequest {
  item!: string;
}
export class StockReserved {
  reservationId!: string;
}
export class ReleaseStockRequest {
  item!: string;
}
export class ChargeRequest {
  amount!: number;
  reservationId!: string;
}
export class Charged {
  paymentId!: string;
}
export class RefundRequest {
  reservationId!: string;
}
export class ShipRequest {
  paymentId!: string;
}

export const ReserveStock = command('stock.reserve', {
  request: ReserveStockRequest,
  reply: StockReserved,
  rejections: ['sold_out'],
});
export const ReleaseStock = command('stock.release', { request: ReleaseStockRequest });
export const Charge = command('payment.charge', {
  request: ChargeRequest,
  reply: Charged,
  rejections: ['no_money'],
});
export const Refund = command('payment.refund', { request: RefundRequest });
export const Ship = command('shipping.ship', { request: ShipRequest, rejections: ['no_address'] });

/** Three steps, of which the last has no compensation. */
export const OrderSaga = saga('order', { version: 1, input: OrderInput, timeout: '10s' })
  .step('reserve stock', {
    send: ReserveStock,
    with: ({ input }) => ({ item: input.item }),
    as: 'stock',
    retry: { maximumAttempts: 3, initialInterval: '1s', jitter: 0 },
    undo: {
      send: ReleaseStock,
      with: ({ input }) => ({ item: input.item }),
      retry: { maximumAttempts: 2, initialInterval: '1s', jitter: 0 },
    },
  })
  .step('charge', {
    send: Charge,
    with: ({ input, stock }) => ({ amount: input.amount, reservationId: stock.reservationId }),
    as: 'payment',
    retry: { maximumAttempts: 2, initialInterval: '1s', jitter: 0 },
    undo: { send: Refund, with: ({ stock }) => ({ reservationId: stock.reservationId }) },
  })
  .step('ship', {
    send: Ship,
    with: ({ payment }) => ({ paymentId: payment.paymentId }),
    retry: { maximumAttempts: 1 },
  })
  .build(({ stock, payment }) => ({ reservationId: stock.reservationId, paymentId: payment.paymentId }));

export const START = Date.parse('2026-11-20T03:00:00Z');

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** An event without the time and the random number, which the story adds. */
export type Happening = Without<SagaEvent, 'at' | 'random'>;

/** Drives one order through the engine and keeps everything that came out. */
export class OrderStory {
  instance: SagaInstance | null = null;
  now = START;
  /** What was sent, as `direction step #attempt`. */
  readonly sent: string[] = [];
  readonly published: string[] = [];

  constructor(private readonly definition: AnySaga = OrderSaga) {}

  begin(): this {
    return this.happens({ kind: 'started', namespace: 'shop', id: 'o-1', input: { item: 'hat', amount: 3 } });
  }

  happens(event: Happening, random = 0.5): this {
    const after = transition(this.definition, this.instance, { ...event, at: this.now, random });
    if (after === null) throw new Error('nothing had started');
    // What the database would give back must be what went in.
    this.instance = JSON.parse(JSON.stringify(after.instance)) as SagaInstance;
    for (const effect of after.effects) {
      if (effect.kind === 'send') this.sent.push(`${effect.direction} ${effect.step} #${effect.attempt}`);
      if (effect.kind === 'publish' && !isDetail(effect.event)) this.published.push(effect.event);
    }
    return this;
  }

  succeeds(step: string, data: unknown = null, direction: 'do' | 'undo' = 'do'): this {
    return this.replies(step, { kind: 'succeeded', data }, direction);
  }

  rejects(step: string, code = 'no', direction: 'do' | 'undo' = 'do'): this {
    return this.replies(step, { kind: 'rejected', code, message: 'because' }, direction);
  }

  fails(step: string, direction: 'do' | 'undo' = 'do', attempt?: number): this {
    return this.replies(step, { kind: 'failed', code: 'boom', message: 'it broke' }, direction, attempt);
  }

  replies(
    step: string,
    outcome: Extract<SagaEvent, { kind: 'reply' }>['outcome'],
    direction: 'do' | 'undo' = 'do',
    attempt?: number,
  ): this {
    const visit = { step, visit: 1, action: { state: 'pending', attempt: 1 } } as const;
    const command = parseCommandId(commandIdOf(this.state, visit, direction));
    return this.happens({ kind: 'reply', command, attempt, outcome });
  }

  /** Moves time and lets the timer fire if one is due. */
  passes(milliseconds: number): this {
    this.now += milliseconds;
    return this.happens({ kind: 'timer' });
  }

  get state(): SagaInstance {
    if (this.instance === null) throw new Error('nothing had started');
    return this.instance;
  }
}
