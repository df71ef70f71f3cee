import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { command, type Message, topics } from '@skald/core';
import { CommandContext, CommandHandler, CompensationHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller } from '@nestjs/common';
import { IsString } from 'class-validator';
import { freshDatabase } from '../setup/real-services.js';
import {
  COMMANDS,
  commandMessage,
  startTestParticipant,
  type TestParticipant,
  until,
} from './participant-harness.js';

class Charge {
  @IsString()
  what!: string;
}
/** What is answered, and may be anything. */
class Answer {
  big?: object;
}
const Own = command('payment.own', { request: Charge, reply: Answer, rejections: ['no_money'] });
const Shared = command('payment.shared', { request: Charge, reply: Answer, rejections: ['no_money'] });
const Refund = command('payment.refund', { request: Charge });

/** Inserts what it was told, and then does what its name says. */
async function insert({ what }: Charge, ctx: CommandContext<typeof Own | typeof Shared>): Promise<Answer> {
  calls.push(what);
  running += 1;
  mostAtOnce = Math.max(mostAtOnce, running);
  try {
    await ctx.transaction.query('INSERT INTO payment VALUES ($1)', [what]);
    if (what === 'slow') await new Promise((resolve) => setTimeout(resolve, 50));
    if (what === 'refused') ctx.reject('no_money');
    if (what === 'failing') throw new Error('the terminal is on fire');
    if (what === 'broken') await ctx.transaction.query('SELECT * FROM nothing_here').catch(() => undefined);
    if (what === 'unsendable') return { big: Object(1n) as object };
    if (what === 'uncommittable') await ctx.transaction.query("INSERT INTO entry VALUES ('no such account')");
    return {};
  } finally {
    running -= 1;
  }
}
let calls: string[] = [];
let running = 0;
let mostAtOnce = 0;

@Controller()
class PaymentsController {
  @CommandHandler(Own)
  own(request: Charge, ctx: CommandContext<typeof Own>): Promise<Answer> {
    return insert(request, ctx);
  }

  @CommandHandler(Shared, { transaction: 'shared' })
  shared(request: Charge, ctx: CommandContext<typeof Shared>): Promise<Answer> {
    return insert(request, ctx);
  }

  @CompensationHandler(Refund, { transaction: 'shared' })
  async refund({ what }: Charge, ctx: CommandContext<typeof Refund>): Promise<void> {
    await ctx.transaction.query('INSERT INTO payment VALUES ($1)', [`refund of ${what}`]);
  }
}

describe.each([false, true])('batches of commands, on real PostgreSQL, pipelined: %s', (pipeline) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: TestParticipant;

  beforeAll(async () => {
    database = await freshDatabase(participantSchema, { pipeline });
    await database.dataSource.query(`
      CREATE TABLE payment (what text);
      CREATE TABLE account (name text PRIMARY KEY);
      CREATE TABLE entry (account text REFERENCES account DEFERRABLE INITIALLY DEFERRED)`);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.dataSource.query('TRUNCATE skald_barrier, payment, entry');
    calls = [];
    mostAtOnce = 0;
    const { dataSource } = database;
    participant = await startTestParticipant([PaymentsController], { dataSource, concurrency: 3 });
  });
  afterEach(() => participant.stop());

  async function effects(): Promise<string[]> {
    const rows: { what: string }[] = await database.dataSource.query(
      'SELECT what FROM payment ORDER BY what',
    );
    return rows.map(({ what }) => what);
  }
  const kinds = (replies: readonly Message[]): Record<string, string> =>
    Object.fromEntries(replies.map(({ sagaid, type }) => [sagaid, type.replace('skald.reply.', '')]));
  /** One saga for each, named after what is asked. */
  const all = (type: string, ...whats: string[]): Message[] =>
    whats.map((what) => commandMessage(type, what, { what }));
  const undo = (saga: string): Message =>
    commandMessage(
      Refund.type,
      saga,
      { what: saga },
      {
        id: `shop/order@1/${saga}/charge/undo/1`,
        compensates: `shop/order@1/${saga}/${Shared.type}/do/1`,
      },
    );

  describe.each([Own.type, Shared.type])('%s', (type) => {
    it.each([
      ['refused', 'rejected'],
      ['failing', 'failed'],
      ['broken', 'failed'],
      ['uncommittable', 'failed'],
      ['unsendable', 'failed'],
    ])('rolls back what the %s one changed, and that alone', async (what, kind) => {
      const replies = await participant.ask(...all(type, 'a', 'b', what, 'c', 'd'));
      expect(kinds(replies)).toEqual({
        a: 'succeeded',
        b: 'succeeded',
        [what]: kind,
        c: 'succeeded',
        d: 'succeeded',
      });
      expect(await effects()).toEqual(['a', 'b', 'c', 'd']);
    });

    it('keeps a no, and handles again what failed', async () => {
      await participant.ask(...all(type, 'refused', 'failing'));
      await participant.ask(...all(type, 'refused', 'failing'));
      expect(calls.toSorted()).toEqual(['failing', 'failing', 'refused']);
    });

    it('finds the duplicates of a whole batch with a connection or two, and calls no handler', async () => {
      const names = Array.from({ length: 70 }, (_, number) => `saga-${number}`);
      await participant.ask(...all(type, ...names));
      const connections = jest.spyOn(database.dataSource, 'createQueryRunner');
      const replies = await participant.ask(...all(type, ...names));
      // Those that share transactions learn it there, about 40 at a time.
      expect(connections).toHaveBeenCalledTimes(type === Shared.type ? 2 : 1);
      connections.mockRestore();
      expect(new Set(Object.values(kinds(replies)))).toEqual(new Set(['succeeded']));
      expect(calls).toHaveLength(70);
      expect(await effects()).toHaveLength(70);
    });

    it('handles and answers copies within one batch once', async () => {
      await participant.send(...all(type, 'a', 'b', 'a', 'b'));
      await Promise.all(['a', 'b'].map((saga) => participant.replyTo(saga)));
      await participant.ask(...all(type, 'c'));
      const { replies } = participant;
      expect(replies.map(({ sagaid }) => sagaid).toSorted()).toEqual(['a', 'b', 'c']);
      expect(calls.toSorted()).toEqual(['a', 'b', 'c']);
    });

    it('answers no to an invalid payload, and handles its neighbours', async () => {
      const invalid = commandMessage(type, 'invalid', { what: 1 });
      expect(kinds(await participant.ask(...all(type, 'a'), invalid, ...all(type, 'b')))).toEqual({
        a: 'succeeded',
        invalid: 'rejected',
        b: 'succeeded',
      });
    });
  });

  it('runs commands of different sagas side by side, up to the limit', async () => {
    const slow = ['a', 'b', 'c', 'd', 'e', 'f'].map((saga) =>
      commandMessage(Own.type, saga, { what: 'slow' }),
    );
    await participant.ask(...slow);
    expect(mostAtOnce).toBe(3);
  });

  it('keeps the order of the commands of one saga, of whatever form', async () => {
    const types = [Own.type, Shared.type, Shared.type, Own.type, Own.type, Shared.type];
    const messages = types.map((type, number) =>
      commandMessage(type, 'one', { what: String(number) }, { id: `shop/order@1/one/step-${number}/do/1` }),
    );
    await participant.ask(...messages);
    expect(calls).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  describe('an action and its compensation in one transaction', () => {
    it('are done one after the other', async () => {
      await participant.ask(...all(Shared.type, 'a'), undo('a'), ...all(Shared.type, 'b'));
      expect(await effects()).toEqual(['a', 'b', 'refund of a']);
    });

    it('compensation first: undoes nothing and holds back the action', async () => {
      const replies = await participant.ask(undo('a'), ...all(Shared.type, 'a'), ...all(Shared.type, 'b'));
      expect(replies.map(({ data }) => data)).toContainEqual(
        expect.objectContaining({ code: 'compensated_before' }),
      );
      expect(await effects()).toEqual(['b']);
    });

    it.each(['failing', 'refused'])(
      '%s action: there is nothing to undo, and it is not tried again',
      async (what) => {
        await participant.ask(...all(Shared.type, what), undo(what), ...all(Shared.type, 'b'));
        expect(await effects()).toEqual(['b']);
        const [again] = await participant.ask(...all(Shared.type, what));
        expect(again?.type).toBe('skald.reply.rejected');
        expect(calls.filter((one) => one === what)).toHaveLength(1);
      },
    );
  });

  it('answers a probe from the barrier, without a handler for it', async () => {
    const probe = (saga: string): Message =>
      commandMessage(
        'payment.was-charged',
        saga,
        {},
        {
          id: `shop/order@1/${saga}/charge/probe/1`,
          probes: `shop/order@1/${saga}/${Own.type}/do/1`,
        },
      );
    const replies = await participant.ask(...all(Own.type, 'a'), probe('a'), probe('b'));
    const answers = replies.filter(({ commandid }) => commandid?.includes('/probe/'));
    expect(Object.fromEntries(answers.map(({ sagaid, data }) => [sagaid, data]))).toEqual({
      a: { happened: true, reply: {} },
      b: { happened: false },
    });
  });

  it('two replicas: a batch that both have takes effect once', async () => {
    const { dataSource } = database;
    const other = await startTestParticipant([PaymentsController], { dataSource });
    const names = Array.from({ length: 60 }, (_, number) => `saga-${number}`);
    await Promise.all([
      participant.ask(...all(Shared.type, ...names)),
      other.ask(...all(Shared.type, ...names.toReversed())),
    ]);
    await other.stop();
    expect(await effects()).toHaveLength(60);
  });

  it.each([
    ['with a NUL', 'a\u0000b'],
    ['with half a character', 'a\ud800'],
    ['longer than an index can hold', 'a'.repeat(3_000)],
  ])('puts a command aside whose id cannot be stored, %s, and handles its neighbours', async (_, id) => {
    const unusable = commandMessage(Own.type, 'x', { what: 'x' }, { id });
    await participant.send(unusable);
    expect(kinds(await participant.ask(...all(Own.type, 'a', 'b')))).toEqual({
      a: 'succeeded',
      b: 'succeeded',
    });
    const [letter] = participant.broker.messages(topics.deadLetters(COMMANDS));
    expect(letter?.headers['dlq-code']).toMatch(/^(unusable_id|malformed_message|malformed_json)$/);
    expect(await effects()).toEqual(['a', 'b']);
  });

  it('puts a compensation aside that does not say what it undoes', async () => {
    await participant.send(commandMessage(Refund.type, 'a', { what: 'a' }));
    const letter = await until(() => participant.broker.messages(topics.deadLetters(COMMANDS))[0]);
    expect(letter.headers).toMatchObject({ 'dlq-code': 'compensates_missing' });
    expect(await effects()).toEqual([]);
  });
});
