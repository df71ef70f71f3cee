import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, ReplyType } from '@skald/core';
import { CommandContext, CommandHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller } from '@nestjs/common';
import { freshDatabase } from '../setup/real-services.js';
import { commandMessage, startTestParticipant, type TestParticipant } from './participant-harness.js';

class Nothing {
  note?: string;
}
const Own = command('payment.own', { request: Nothing });
const Shared = command('payment.shared', { request: Nothing });
let called: string[] = [];

/** A handler that may take a minute, with one statement that takes longer than a statement may. */
async function slow(_: Nothing, ctx: CommandContext): Promise<void> {
  called.push(ctx.sagaId);
  await ctx.transaction.query("SET LOCAL statement_timeout = '200ms'");
  await ctx.transaction.query('SELECT pg_sleep(60)');
}

@Controller()
class SlowController {
  @CommandHandler(Own, { timeLimit: '1m' })
  own(request: Nothing, ctx: CommandContext<typeof Own>): Promise<void> {
    return slow(request, ctx);
  }

  @CommandHandler(Shared, { timeLimit: '1m', transaction: 'shared' })
  shared(request: Nothing, ctx: CommandContext<typeof Shared>): Promise<void> {
    return slow(request, ctx);
  }
}

describe("a handler's statement that takes longer than PostgreSQL's statement_timeout", () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: TestParticipant;

  beforeEach(async () => {
    called = [];
    database = await freshDatabase(participantSchema, { pipeline: true });
    participant = await startTestParticipant([SlowController], { dataSource: database.dataSource });
  });
  afterEach(async () => {
    await participant.stop();
    await database.drop();
  });

  it.each([Own.type, Shared.type])(
    '%s: is the failure of this attempt, which calls the handler once and says what cut it off',
    async (type) => {
      const replies = await participant.ask(commandMessage(type, 'a', {}), commandMessage(type, 'b', {}));
      for (const reply of replies) {
        expect(reply.type).toBe(ReplyType.failed);
        expect(reply.data).toMatchObject({
          code: 'handler_failed',
          message: expect.stringContaining('statement timeout'),
        });
      }
      expect(called.toSorted()).toEqual(['a', 'b']);
    },
  );
});
