import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, ReplyType } from '@skald/core';
import { CommandContext, CommandHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller } from '@nestjs/common';
import pg from 'pg';
import { freshDatabase } from '../setup/real-services.js';
import { commandMessage, startTestParticipant, type TestParticipant } from './participant-harness.js';

class Transfer {
  from!: number;
  to!: number;
}
const Own = command('payment.own', { request: Transfer });
const Shared = command('payment.shared', { request: Transfer });

@Controller()
class Accounts {
  @CommandHandler(Own)
  own(request: Transfer, ctx: CommandContext<typeof Own>): Promise<void> {
    return transfer(request, ctx);
  }

  @CommandHandler(Shared, { transaction: 'shared' })
  shared(request: Transfer, ctx: CommandContext<typeof Shared>): Promise<void> {
    return transfer(request, ctx);
  }
}

async function transfer({ from, to }: Transfer, ctx: CommandContext): Promise<void> {
  await ctx.transaction.query('UPDATE account SET balance = balance - 1 WHERE id = $1', [from]);
  await sleep(50);
  await ctx.transaction.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [to]);
}

describe('a participant whose handlers are in the way of others', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: TestParticipant;

  beforeEach(async () => {
    database = await freshDatabase(participantSchema, { pipeline: true });
    await database.dataSource.query(
      'CREATE TABLE account (id integer PRIMARY KEY, balance integer NOT NULL)',
    );
    await database.dataSource.query('INSERT INTO account VALUES (1, 0), (2, 0)');
    participant = await startTestParticipant([Accounts], { dataSource: database.dataSource });
  });
  afterEach(async () => {
    await participant.stop();
    await database.drop();
  });

  const balances = (): Promise<object[]> =>
    database.dataSource.query('SELECT balance FROM account ORDER BY id');
  const copies = (type: string, count: number): ReturnType<typeof commandMessage>[] =>
    Array.from({ length: count }, (_, number) =>
      commandMessage(type, `saga-${number}`, number % 2 === 0 ? { from: 1, to: 2 } : { from: 2, to: 1 }),
    );

  it.each([Own.type, Shared.type])('%s: a deadlock is tried again and blamed on nobody', async (type) => {
    const replies = await participant.ask(...copies(type, 6));
    expect(replies.map((reply) => reply.type)).toEqual(Array.from({ length: 6 }, () => ReplyType.succeeded));
    expect(await balances()).toEqual([{ balance: 0 }, { balance: 0 }]);
  });

  it.each([Own.type, Shared.type])(
    '%s: a lock that somebody holds for longer than is waited for is waited for again',
    async (type) => {
      const somebody = new pg.Client(database.url);
      await somebody.connect();
      await somebody.query('BEGIN; SELECT * FROM account WHERE id = 1 FOR UPDATE');
      const asked = participant.ask(...copies(type, 1));
      await sleep(5_500);
      await somebody.end();
      expect((await asked).map((reply) => reply.type)).toEqual([ReplyType.succeeded]);
      expect(await balances()).toEqual([{ balance: -1 }, { balance: 1 }]);
    },
  );
});
