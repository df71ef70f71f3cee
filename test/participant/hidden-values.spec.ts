import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command, ReplyType } from '@skald/core';
import { CommandContext, CommandHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { freshDatabase } from '../setup/real-services.js';
import { commandMessage, startTestParticipant, type TestParticipant } from './participant-harness.js';

const MARKER = 'a-secret-that-nobody-may-see';

class Card {
  kind!: string;
}
const Own = command('payment.own', { request: Card });
const Shared = command('payment.shared', { request: Card });

const STATEMENTS: Record<string, string> = {
  'a unique key': 'INSERT INTO card VALUES ($1)',
  'a check': "INSERT INTO card VALUES ($1 || '!')",
  'the form of a type': 'SELECT $1::uuid',
  'an exception of a trigger': `DO $$ BEGIN RAISE EXCEPTION 'no % here', '${MARKER}'; END $$`,
  'a wrong column': `SELECT "${MARKER}"`,
};

async function fail({ kind }: Card, transaction: EntityManager): Promise<void> {
  const statement = STATEMENTS[kind] ?? '';
  try {
    await transaction.query(statement, statement.includes('$1') ? [MARKER] : []);
  } catch (error) {
    // As many do.
    throw new Error(`could not keep the card: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

@Controller()
class Cards {
  @CommandHandler(Own)
  async own({ kind }: Card, ctx: CommandContext<typeof Own>): Promise<void> {
    const statement = STATEMENTS[kind] ?? '';
    await ctx.transaction.query(statement, statement.includes('$1') ? [MARKER] : []);
  }

  @CommandHandler(Shared, { transaction: 'shared' })
  shared(request: Card, ctx: CommandContext<typeof Shared>): Promise<void> {
    return fail(request, ctx.transaction);
  }
}

describe('a value that PostgreSQL quotes in an error', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: TestParticipant;
  const logged: unknown[][] = [];

  beforeAll(async () => {
    database = await freshDatabase(participantSchema);
    await database.dataSource.query(
      "CREATE TABLE card (number text CONSTRAINT card_number PRIMARY KEY CONSTRAINT plain CHECK (number NOT LIKE '%!'))",
    );
    await database.dataSource.query('INSERT INTO card VALUES ($1)', [MARKER]);
    participant = await startTestParticipant([Cards], { dataSource: database.dataSource });
    const line = (...what: unknown[]): void => void logged.push(what);
    Logger.overrideLogger({ log: line, warn: line, error: line });
  });
  afterAll(async () => {
    Logger.overrideLogger(false);
    await participant.stop();
    await database.drop();
  });

  it.each([Own.type, Shared.type])('%s: is in no reply and in no log', async (type) => {
    const kinds = Object.keys(STATEMENTS);
    const replies = await participant.ask(
      ...kinds.map((kind, number) => commandMessage(type, `${type}-${number}`, { kind })),
    );
    expect(replies.map((reply) => reply.type)).toEqual(kinds.map(() => ReplyType.failed));
    expect(JSON.stringify(replies)).not.toContain(MARKER);
    expect(JSON.stringify(replies)).toMatch(
      /a unique key is violated \(SQLSTATE 23505, constraint .*card_number/,
    );
    expect(logged.length).toBeGreaterThan(0);
    expect(inspect(logged, { depth: 10, showHidden: false })).not.toContain(MARKER);
  });
});
