import { type AnySaga, call, command, saga, signal } from '@skald/core';
import type { SimulationOptions } from './simulate.js';

class Trip {
  days!: number;
}
class Place {
  days!: number;
}
class Booked {
  bookingId!: string;
}
class Asked {
  days!: number;
}
class Approved {
  by!: string;
}
class Found {
  happened!: boolean;
  reply?: Booked;
}
class Held {
  until?: string;
}
class Noted {
  count!: number;
}

const REJECTIONS = ['sold_out', 'too_late'] as const;
const booking = <const Type extends string>(type: Type) =>
  command(type, { request: Place, reply: Booked, rejections: REJECTIONS });
const probing = <const Type extends string>(type: Type) => command(type, { request: Place, reply: Found });
const plain = <const Type extends string>(type: Type) => command(type, { request: Place });

const BookHotel = booking('hotel.book');
const CancelHotel = plain('hotel.cancel');
const BookFlight = booking('flight.book');
const CancelFlight = plain('flight.cancel');
const FindFlight = probing('flight.find');
const BookCar = booking('car.book');
const CancelCar = plain('car.cancel');
const Charge = command('payment.charge', { request: Place, reply: Booked, rejections: ['no_money'] });
const FindCharge = probing('payment.find');
const SendTicket = command('mail.send-ticket', { request: Place, reply: Booked });
const Bill = plain('mail.bill');
const Approve = signal('approve', { data: Approved });
const Hold = signal('hold', { data: Held });
const Note = call('note', { request: Asked, reply: Noted });

const place = ({ input }: { input: Trip }): Place => ({ days: input.days });
const RETRY = { maximumAttempts: 3, initialInterval: '1s', maximumInterval: '4s' } as const;

/** A child saga that can be undone even after it has completed. */
const CarSaga = saga('car', { version: 1, input: Trip, retry: RETRY, timeout: '4s' })
  .step('book car', { send: BookCar, with: place, as: 'car', undo: { send: CancelCar, with: place } })
  .sleep('wait for the key', '2s')
  .step('insure car', {
    send: plain('car.insure'),
    with: place,
    undo: { send: plain('car.uninsure'), with: place },
  })
  .build(({ car }) => ({ bookingId: car.bookingId }));

/** A child saga with a child, and a pivot: once it is past that, its parent cannot undo it. */
const GuideSaga = saga('guide', { version: 1, input: Trip, retry: RETRY, timeout: '4s' })
  .step('find guide', {
    send: booking('guide.find'),
    with: place,
    undo: { send: plain('guide.forget'), with: place },
  })
  .child('guide drives', { saga: CarSaga, with: place })
  .pivot('sign guide', {
    send: command('guide.sign', { request: Place, reply: Booked, rejections: ['busy'] }),
    with: place,
    probe: { send: probing('guide.ask'), with: place },
  })
  .retriable('tell guide', { send: Bill, with: place })
  .build();

const TripSaga = saga('trip', { version: 1, input: Trip, retry: RETRY, timeout: '5s', deadline: '40s' })
  .step('book hotel', { send: BookHotel, with: place, as: 'hotel', undo: { send: CancelHotel, with: place } })
  .parallel('travel', (arms) =>
    arms
      .step('book flight', {
        send: BookFlight,
        with: ({ input, hotel }) => ({ days: input.days + hotel.bookingId.length }),
        as: 'flight',
        undo: { send: CancelFlight, with: place },
        probe: { send: FindFlight, with: place },
      })
      .child('rent car', { saga: CarSaga, with: place, as: 'car' })
      .step('book insurance', {
        send: booking('insurance.book'),
        with: place,
        undo: { send: plain('insurance.cancel'), with: place },
      }),
  )
  .branch('long or short', ({ input }) => (input.days > 5 ? 'long' : 'short'), {
    long: (arm) =>
      arm
        .waitFor('approval', { signals: [Approve, Hold], as: 'approval', timeout: '10s' })
        .branch('approved or not', ({ approval }) => approval.signal, {
          approve: (yes) => yes.sleep('cool down', '1s'),
          hold: (no) =>
            no.step('ask again', {
              send: booking('hotel.ask'),
              with: place,
              undo: { send: plain('hotel.unask'), with: place },
              jump: ({ input }) => (input.days % 2 === 0 ? 'approval' : undefined),
              maximumVisits: 3,
            }),
          timeout: (late) => late,
        }),
    short: (arm) => arm,
  })
  .onCall(Note, {
    as: 'noted',
    handle: ({ hotel, flight, approval }, { days }) => ({
      answer: { count: [hotel, flight, approval].filter(Boolean).length },
      keep: { days },
    }),
  })
  .pivot('charge', { send: Charge, with: place, as: 'charge', probe: { send: FindCharge, with: place } })
  .retriable('send ticket', {
    send: SendTicket,
    with: place,
    as: 'ticket',
    jump: ({ ticket }) => (ticket.bookingId.endsWith('0') ? 'send ticket' : undefined),
    maximumVisits: 5,
  })
  .parallel('papers', (arms) =>
    arms
      .retriable('bill', { send: Bill, with: place })
      .retriable('file', { send: plain('archive.file'), with: place, retry: { maximumAttempts: 6 } }),
  )
  .build(({ hotel, ticket }) => ({ hotelId: hotel.bookingId, ticketId: ticket.bookingId }));

const LoanSaga = saga('loan', { version: 1, input: Trip, retry: RETRY, timeout: '5s' })
  .step('score', {
    send: booking('loan.score'),
    with: place,
    as: 'score',
    undo: {
      send: plain('loan.unscore'),
      with: ({ input, score }) => ({ days: input.days + (score ? 1 : 0) }),
    },
    jump: ({ score }) => (score.bookingId.endsWith('1') ? 'score' : undefined),
    maximumVisits: 4,
  })
  .waitFor('signature', { signals: [Approve], as: 'signature' })
  .step('reserve money', {
    send: booking('loan.reserve'),
    with: place,
    undo: { send: plain('loan.release'), with: place },
    onRejected: { too_late: 'score' },
  })
  .pivot('pay out', { send: Charge, with: place, onRejected: { no_money: 'reserve money' } })
  .branch('how to tell', ({ input }) => (input.days > 4 ? 'by mail' : 'not'), {
    'by mail': (arm) => arm.retriable('mail', { send: Bill, with: place }).sleep('settle', '3s'),
    not: (arm) => arm,
  })
  .waitFor('receipt', { signals: [Hold], timeout: '6s' })
  .retriable('close', {
    send: command('loan.close', { request: Place, rejections: ['open_rates'] }),
    with: place,
    onRejected: { open_rates: 'receipt' },
  })
  .build();

/** The next version of the loan, which a newer build has besides. */
const NextLoanSaga = saga('loan', { version: 2, input: Trip, retry: RETRY, timeout: '5s' })
  .step('score', {
    send: booking('loan.score'),
    with: place,
    undo: { send: plain('loan.unscore'), with: place },
  })
  .waitFor('signature', { signals: [Approve], timeout: '8s' })
  .child('lend a car', { saga: CarSaga, with: place })
  .pivot('pay out', { send: Charge, with: place, probe: { send: FindCharge, with: place } })
  .retriable('mail', { send: Bill, with: place })
  .build();

const TourSaga = saga('tour', { version: 1, input: Trip, retry: RETRY, timeout: '5s', deadline: '1m' })
  .step('book bus', {
    send: booking('bus.book'),
    with: place,
    undo: { send: plain('bus.cancel'), with: place },
  })
  .parallel('people', (arms) =>
    arms
      .child('hire guide', { saga: GuideSaga, with: place })
      .child('hire car', { saga: CarSaga, with: place }),
  )
  .step('print', {
    send: booking('print.flyer'),
    with: place,
    undo: { send: plain('print.recycle'), with: place },
    onRejected: { too_late: 'book bus' },
  })
  .build();

/** A saga to simulate, with what its runs need. */
export interface Scenario {
  readonly name: string;
  readonly sagas: readonly [AnySaga, ...AnySaga[]];
  readonly options: Omit<SimulationOptions, 'seed' | 'runs'>;
}

const bookingId: NonNullable<SimulationOptions['participants']>[string] = (_, random) => ({
  bookingId: `b${random.between(0, 3, 'id')}`,
});
const REPLYING = [TripSaga, CarSaga, GuideSaga, LoanSaga, NextLoanSaga, TourSaga].flatMap(({ nodes }) =>
  nodes.flatMap((node) =>
    node.kind === 'step' && node.command.reply !== undefined ? [node.command.type] : [],
  ),
);
const OPTIONS: Scenario['options'] = {
  input: (random) => ({ days: random.between(1, 10, 'days') }),
  participants: Object.fromEntries(REPLYING.map((type) => [type, bookingId])),
  outside: { approve: () => ({ by: 'Ann' }), note: (random) => ({ days: random.between(1, 9, 'noted') }) },
};

/** Sagas that use every construct of the language between them. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'trip', sagas: [TripSaga, CarSaga], options: OPTIONS },
  { name: 'loan', sagas: [LoanSaga], options: { ...OPTIONS, newer: [NextLoanSaga, CarSaga] } },
  { name: 'tour', sagas: [TourSaga, GuideSaga, CarSaga], options: OPTIONS },
];
