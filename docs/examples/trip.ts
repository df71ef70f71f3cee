import 'reflect-metadata';
import {
  childId,
  command,
  type Message,
  type ReplyOutcome,
  replyMessage,
  saga,
  timelineText,
  topics,
} from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { IsInt, IsString } from 'class-validator';

/*
 * A trip that is booked and, because the insurer says no, undone: two bookings at once, a branch, a child saga, and the
 * way back. It runs in one process on memory and prints the timelines: `npm run example:trip`.
 */

class Trip {
  @IsString()
  to!: string;

  @IsInt()
  price!: number;
}
class Booked {
  @IsString()
  bookingId!: string;
}
const book = { request: Trip, reply: Booked, rejections: ['sold_out', 'too_risky'] } as const;
const BookFlight = command('flights.book', book);
const CancelFlight = command('flights.cancel', { request: Trip });
const BookHotel = command('hotels.book', book);
const CancelHotel = command('hotels.cancel', { request: Trip });
const Approve = command('office.approve', { request: Trip });
const Charge = command('payment.charge', book);
const Refund = command('payment.refund', { request: Trip });
const Insure = command('insurance.insure', book);
const trip = ({ input }: { input: Trip }): Trip => ({ to: input.to, price: input.price });

const PaymentSaga = saga('payment', { version: 1, input: Trip })
  .step('charge', { send: Charge, with: trip, as: 'payment', undo: { send: Refund, with: trip } })
  .build(({ payment }) => ({ paymentId: payment.bookingId }));

const TripSaga = saga('trip', { version: 1, input: Trip })
  .parallel('book', (arms) =>
    arms
      .step('flight', { send: BookFlight, with: trip, undo: { send: CancelFlight, with: trip } })
      .step('hotel', { send: BookHotel, with: trip, undo: { send: CancelHotel, with: trip } }),
  )
  .branch('by price', ({ input }) => (input.price > 1_000 ? 'dear' : 'cheap'), {
    dear: (arm) => arm.step('approve', { send: Approve, with: trip }),
    cheap: (arm) => arm,
  })
  .child('pay', { saga: PaymentSaga, with: trip })
  .step('insure', { send: Insure, with: trip })
  .build();

const NAMESPACE = 'travel';
const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** Five services in a few lines: all say yes, but the insurer. */
function answer({ type }: Message): ReplyOutcome {
  return type === 'insurance.insure'
    ? { kind: 'rejected', code: 'too_risky', message: 'a volcano' }
    : { kind: 'succeeded', data: { bookingId: `${type} done` } };
}

const transport = new MemoryTransport({ broker: new MemoryBroker() });
const store = new MemoryStore();
const definitions = new DefinitionRegistry();
definitions.register(PaymentSaga);
definitions.register(TripSaga);
const engine = new SagaEngine({ namespace: NAMESPACE, store, transport, definitions, log: SILENT });
await engine.start();
await transport.consume({
  group: 'services',
  topics: engine.topics().filter((topic) => topic.endsWith('.commands')),
  from: 'beginning',
  maximumBatch: 10,
  handle: async (batch) => {
    await transport.send(batch.map(({ message }) => replyMessage(message, answer(message), '/services')));
    return [];
  },
});
const ended = new Promise<void>((resolve) => {
  void transport.consume({
    group: 'example',
    topics: [topics.events(NAMESPACE)],
    from: 'beginning',
    maximumBatch: 10,
    handle: (batch) => {
      if (batch.some(({ message }) => message.sagaid === 'iceland' && message.type.endsWith('.compensated')))
        resolve();
      return Promise.resolve([]);
    },
  });
});

const input = { to: 'Reykjavík', price: 1_200 };
const { instance: iceland } = await engine.startSaga({ definition: 'trip', id: 'iceland', input });
await ended;
for (const id of [iceland.id, childId(iceland, { step: 'pay', visit: 1 })]) {
  const instance = await engine.find(id);
  console.log(`\n${id}  ${instance?.definition.name}  ${instance?.status.toUpperCase()}`);
  for (const entry of await engine.history(id)) {
    console.log(`  ${new Date(entry.at).toISOString().slice(11, 23)}  ${timelineText(entry)}`);
  }
}
await engine.stop();
await transport.close();
