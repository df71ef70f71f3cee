import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message } from '@skald/core';
import { CommandHandler, CompensationHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller } from '@nestjs/common';
import { freshDatabase } from '../setup/real-services.js';
import { commandMessage, startTestParticipant, type TestParticipant } from './participant-harness.js';

class Nothing {
  note?: string;
}
const Charge = command('payment.charge', { request: Nothing });
const Refund = command('payment.refund', { request: Nothing });

@Controller()
class PaymentsController {
  @CommandHandler(Charge)
  charge(): void {}

  @CompensationHandler(Refund)
  refund(): void {}
}

describe('a command that cannot be one is put aside with the reason, and nothing of it reaches the barrier', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: TestParticipant;

  beforeAll(async () => {
    database = await freshDatabase(participantSchema);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.dataSource.query('TRUNCATE skald_barrier');
    participant = await startTestParticipant([PaymentsController], { dataSource: database.dataSource });
  });
  afterEach(() => participant.stop());

  const ID = `shop/order@1/bad/${Charge.type}/do/1`;
  it.each<[string, string, Partial<Message>, string, RegExp]>([
    ['an empty compensates', Refund.type, { compensates: '' }, 'malformed_message', /'compensates'.*empty/],
    ['an empty probes', Charge.type, { probes: '' }, 'malformed_message', /'probes'.*empty/],
    [
      'compensates that is no text',
      Refund.type,
      { compensates: 5 as unknown as string },
      'malformed_message',
      /'compensates' must be a string/,
    ],
    [
      'compensates that no index can hold',
      Refund.type,
      { compensates: 'x'.repeat(2_800) },
      'unusable_id',
      /2500 bytes/,
    ],
    [
      'probes that no index can hold',
      Charge.type,
      { probes: 'x'.repeat(2_800) },
      'unusable_id',
      /2500 bytes/,
    ],
    [
      'compensates of 600 KB',
      Refund.type,
      { compensates: 'x'.repeat(600_000) },
      'malformed_message',
      /'compensates' is longer/,
    ],
    ['compensates and probes', Refund.type, { compensates: 'a', probes: 'b' }, 'malformed_message', /both/],
    ['itself to undo', Refund.type, { id: ID, compensates: ID }, 'malformed_message', /itself/],
    ['itself to ask about', Charge.type, { id: ID, probes: ID }, 'malformed_message', /itself/],
    ['a type of 600 KB', 'x'.repeat(600_000), { id: ID }, 'malformed_message', /'type' is longer/],
    [
      'a namespace of 600 KB',
      Charge.type,
      { namespace: 'x'.repeat(600_000) },
      'malformed_message',
      /'namespace' is longer/,
    ],
    ['a foreign replyto', Charge.type, { replyto: 'shop.saga.requests' }, 'foreign_replyto', /'replyto'/],
    ['a replyto without a topic', Charge.type, { replyto: 'no such.topic!' }, 'foreign_replyto', /'replyto'/],
    [
      'a replyto of 600 KB',
      Charge.type,
      { replyto: 'x'.repeat(600_000) },
      'malformed_message',
      /'replyto' is longer/,
    ],
    ['an empty replyto', Charge.type, { replyto: '' }, 'foreign_replyto', /'replyto'/],
  ])('%s', async (_, type, more, code, reason) => {
    const bad = commandMessage(type, 'bad', {}, more);
    const good = commandMessage(Charge.type, 'good', {});
    await participant.send(bad, good);
    expect(await participant.replyTo('good')).toMatchObject({ type: 'skald.reply.succeeded' });
    expect(await participant.deadLetters(1)).toEqual([{ code, reason: expect.stringMatching(reason) }]);
    expect(await database.dataSource.query('SELECT command_id FROM skald_barrier')).toEqual([
      { command_id: good.id },
    ]);
  });

  it('replies to the topics that it is told of, besides its own', async () => {
    const { dataSource } = database;
    const replyTopics = ['other.saga.replies'];
    const other = await startTestParticipant([PaymentsController], { dataSource, replyTopics });
    try {
      await other.send(commandMessage(Charge.type, 'a', {}, { replyto: 'other.saga.replies' }));
      await other.ask(commandMessage(Charge.type, 'b', {}), commandMessage(Charge.type, 'c', {}));
      expect(other.broker.messages('other.saga.replies')).toHaveLength(1);
    } finally {
      await other.stop();
    }
  });

  it('replies to its own namespace when the command does not say where', async () => {
    const { replyto: _, ...message } = commandMessage(Charge.type, 'a', {});
    expect(await participant.ask(message)).toMatchObject([{ type: 'skald.reply.succeeded' }]);
  });
});

describe('a command that the database refuses, on real PostgreSQL', () => {
  it('is found among the others of its batch and put aside; they are handled', async () => {
    const database = await freshDatabase(participantSchema);
    await database.dataSource.query(
      "ALTER TABLE skald_barrier ADD CHECK (command_id NOT LIKE '%poison%'), ADD CHECK (command_id NOT LIKE '%zero%' OR 1 / position('-' IN command_id) >= 0)",
    );

    @Controller()
    class SharedController {
      @CommandHandler(Charge, { transaction: 'shared' })
      charge(): void {}

      @CommandHandler(Refund)
      refund(): void {}
    }
    const { dataSource } = database;
    const participant = await startTestParticipant([SharedController], { dataSource });
    try {
      const of = (type: string, saga: string, id: string): Message => commandMessage(type, saga, {}, { id });
      const good = Array.from({ length: 60 }, (_, number) => of(Charge.type, `s${number}`, `good${number}`));
      good.push(of(Refund.type, 'other', 'good'));
      await participant.send(
        of(Charge.type, 'p', 'poison'),
        ...good,
        of(Refund.type, 'q', 'poison too'),
        of(Charge.type, 'z', 'zero'),
      );
      expect(await participant.deadLetters(3)).toMatchObject([
        { code: 'unstorable' },
        { code: 'unstorable' },
        { code: 'unstorable' },
      ]);
      for (const { sagaid } of good) {
        expect(await participant.replyTo(sagaid)).toMatchObject({ type: 'skald.reply.succeeded' });
      }
    } finally {
      await participant.stop();
      await database.drop();
    }
  });
});
