import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { command } from '@skald/core';
import { type CommandContext, CommandHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller } from '@nestjs/common';
import { IsString } from 'class-validator';
import { freshDatabase } from '../setup/real-services.js';
import { commandMessage, startTestParticipant, type TestParticipant } from './participant-harness.js';

class Charge {
  @IsString()
  what!: string;
}
const Own = command('payment.own', { request: Charge });
const Shared = command('payment.shared', { request: Charge });

/** How long each handler was told that it has. */
let left: number[] = [];

@Controller()
class PaymentsController {
  @CommandHandler(Own)
  own(_request: Charge, ctx: CommandContext<typeof Own>): void {
    left.push(ctx.deadline.getTime() - Date.now());
  }

  @CommandHandler(Shared, { transaction: 'shared' })
  shared(_request: Charge, ctx: CommandContext<typeof Shared>): void {
    left.push(ctx.deadline.getTime() - Date.now());
  }
}

const MINUTE = 60_000;
const real = Date.now.bind(Date);

describe('a participant whose own clock is wrong, on real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: TestParticipant | undefined;

  beforeAll(async () => {
    database = await freshDatabase(participantSchema);
  });
  afterAll(() => database.drop());
  afterEach(async () => {
    jest.restoreAllMocks();
    await participant?.stop();
    await database.dataSource.query('TRUNCATE skald_barrier');
  });

  async function startedWith(ahead: number): Promise<TestParticipant> {
    left = [];
    jest.spyOn(Date, 'now').mockImplementation(() => real() + ahead);
    participant = await startTestParticipant([PaymentsController], { dataSource: database.dataSource });
    return participant;
  }

  const asked = (type: string, count: number, deadlineIn: number): ReturnType<typeof commandMessage>[] =>
    Array.from({ length: count }, (_, number) =>
      commandMessage(
        type,
        `saga-${number}`,
        { what: 'a' },
        { timeout: 10 * MINUTE, deadline: new Date(real() + deadlineIn).toISOString() },
      ),
    );

  it.each([
    [Own.type, 1],
    [Own.type, 3],
    [Shared.type, 3],
  ])(
    'begins what has time left by the database when it is ten minutes ahead: %s, %d',
    async (type, count) => {
      const running = await startedWith(10 * MINUTE);
      const replies = await running.ask(...asked(type, count, 5 * MINUTE));
      expect(replies.map((reply) => reply.type)).toEqual(
        Array.from({ length: count }, () => 'skald.reply.succeeded'),
      );
      // Told in the time of the process, so that what is left is right for a handler that looks at its own clock.
      for (const one of left) expect(Math.abs(one - 5 * MINUTE)).toBeLessThan(MINUTE);
    },
  );

  it.each([
    [Own.type, 1],
    [Shared.type, 3],
  ])(
    'does not begin what has none left by the database when it is ten minutes behind: %s, %d',
    async (type, count) => {
      const running = await startedWith(-10 * MINUTE);
      const replies = await running.ask(...asked(type, count, -MINUTE));
      expect(replies).toHaveLength(count);
      for (const reply of replies) expect(reply).toMatchObject({ data: { code: 'deadline_passed' } });
      expect(left).toEqual([]);
    },
  );

  it('does not care that its clock is set while it runs', async () => {
    const running = await startedWith(0);
    jest.spyOn(Date, 'now').mockImplementation(() => real() + 10 * MINUTE);
    const [reply] = await running.ask(...asked(Own.type, 1, 5 * MINUTE));
    expect(reply?.type).toBe('skald.reply.succeeded');
  });
});
