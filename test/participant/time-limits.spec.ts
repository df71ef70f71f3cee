import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message } from '@skald/core';
import { type CommandContext, CommandHandler, CompensationHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller } from '@nestjs/common';
import { IsString } from 'class-validator';
import { freshDatabase } from '../setup/real-services.js';
import { commandMessage, startTestParticipant, type TestParticipant, until } from './participant-harness.js';

class Charge {
  @IsString()
  what!: string;
}
const Own = command('payment.own', { request: Charge });
const Shared = command('payment.shared', { request: Charge });
const Outside = command('payment.outside', { request: Charge });
const Patient = command('payment.patient', { request: Charge });
const Refund = command('payment.refund', { request: Charge });

/** What goes on in handlers that do not return by themselves. */
let release: (() => void)[] = [];
let aborts: unknown[] = [];
let late: string[] = [];
let signals: AbortSignal[] = [];
let deadlines: (Date | undefined)[] = [];

async function released(): Promise<void> {
  await new Promise<void>((resolve) => release.push(resolve));
}

async function handle({ what }: Charge, ctx: CommandContext, isOutside = false): Promise<void> {
  signals.push(ctx.signal);
  deadlines.push(ctx.deadline);
  ctx.signal.addEventListener('abort', () => aborts.push(ctx.signal.reason));
  if (!isOutside) await ctx.transaction.query('INSERT INTO payment VALUES ($1)', [what]);
  if (what === 'asleep') {
    // Longer than the limit of a statement, as a handler may want: nothing but the cancelling ends it.
    await ctx.transaction.query("SET LOCAL statement_timeout = '10min'");
    await ctx.transaction.query('SELECT pg_sleep(600)');
  }
  if (what !== 'hangs') return;
  await released();
  if (isOutside) return;
  try {
    await ctx.transaction.query("INSERT INTO payment VALUES ('too late')");
    late.push('done');
  } catch (error) {
    late.push('refused');
    throw error;
  }
}

@Controller()
class PaymentsController {
  @CommandHandler(Own)
  own(request: Charge, ctx: CommandContext<typeof Own>): Promise<void> {
    return handle(request, ctx);
  }

  @CommandHandler(Shared, { transaction: 'shared' })
  shared(request: Charge, ctx: CommandContext<typeof Shared>): Promise<void> {
    return handle(request, ctx);
  }

  @CommandHandler(Outside, { transaction: 'none' })
  outside(request: Charge, ctx: CommandContext<typeof Outside>): Promise<void> {
    return handle(request, ctx, true);
  }

  @CommandHandler(Patient, { transaction: 'none', timeLimit: '1h' })
  patient(request: Charge, ctx: CommandContext<typeof Patient>): Promise<void> {
    return handle(request, ctx, true);
  }

  @CompensationHandler(Refund)
  async refund({ what }: Charge, ctx: CommandContext<typeof Refund>): Promise<void> {
    await ctx.transaction.query('INSERT INTO payment VALUES ($1)', [`refund of ${what}`]);
  }
}

@Controller()
class OutsideController {
  @CommandHandler(Outside)
  outside(_request: Charge, ctx: CommandContext<typeof Outside>): void {
    signals.push(ctx.signal);
  }
}

const TIMED_OUT = { type: 'skald.reply.failed', data: { code: 'handler_timed_out' } };
const DONE = { type: 'skald.reply.succeeded' };

describe.each([false, true])('the time limit of a handler, on real PostgreSQL, pipelined: %s', (pipeline) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: TestParticipant;
  let logs: string[];

  beforeAll(async () => {
    database = await freshDatabase(participantSchema, { pipeline });
    await database.dataSource.query('CREATE TABLE payment (what text)');
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.dataSource.query('TRUNCATE skald_barrier, payment');
    release = [];
    aborts = [];
    late = [];
    signals = [];
    deadlines = [];
    logs = [];
    const { dataSource } = database;
    participant = await startTestParticipant([PaymentsController], { dataSource, concurrency: 3 }, { logs });
  });
  afterEach(async () => {
    for (const go of release) go();
    await participant.stop();
  });

  async function effects(): Promise<string[]> {
    const rows: { what: string }[] = await database.dataSource.query(
      'SELECT what FROM payment ORDER BY what',
    );
    return rows.map(({ what }) => what);
  }
  /** One saga for each, named after what is asked. */
  const all = (type: string, timeout: number, ...whats: string[]): Message[] =>
    whats.map((what) => commandMessage(type, what, { what }, { timeout }));

  it.each([Own.type, Outside.type])(
    '%s: what is done is answered while a slow neighbour of its batch is still at work',
    async (type) => {
      await participant.send(...all(type, 60_000, 'a', 'hangs', 'b'));
      expect(await participant.replyTo('a')).toMatchObject(DONE);
      expect(await participant.replyTo('b')).toMatchObject(DONE);
      expect(participant.replies.map(({ sagaid }) => sagaid)).not.toContain('hangs');
    },
  );

  it.each([Own.type, Shared.type, Outside.type])(
    '%s: a handler that never returns is answered for, aborted, and holds nobody up',
    async (type) => {
      const replies = await participant.ask(...all(type, 300, 'a', 'hangs', 'b'));
      expect(Object.fromEntries(replies.map((reply) => [reply.sagaid, reply]))).toMatchObject({
        a: DONE,
        b: DONE,
        hangs: TIMED_OUT,
      });
      expect(aborts).toMatchObject([{ code: 'handler_timed_out' }]);
      if (type !== Outside.type) expect(await effects()).toEqual(['a', 'b']);
      // Its batch is confirmed, and the next one is handled.
      expect(await participant.ask(...all(type, 60_000, 'c'))).toMatchObject([DONE]);
    },
  );

  it.each([Own.type, Shared.type])(
    '%s: what a handler does past its limit fails, and its late result changes nothing',
    async (type) => {
      await participant.ask(...all(type, 300, 'a', 'hangs', 'b'));
      for (const go of release) go();
      expect(await until(() => (late.length > 0 ? late : undefined))).toEqual(['refused']);
      await participant.ask(...all(type, 60_000, 'c'));
      expect(await effects()).toEqual(['a', 'b', 'c']);
      expect(participant.replies).toHaveLength(4);
    },
  );

  it.each([Own.type, Shared.type])(
    '%s: a statement that is still running at the limit is cancelled, and its locks are let go',
    async (type) => {
      const [reply] = await participant.ask(...all(type, 300, 'asleep'));
      expect(reply).toMatchObject(TIMED_OUT);
      await until(async () => {
        const rows: unknown[] = await database.dataSource.query(
          "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(600)' AND state <> 'idle'",
        );
        return rows.length === 0 ? true : undefined;
      });
      const undo = commandMessage(
        Refund.type,
        'asleep',
        { what: 'asleep' },
        { id: 'undo', compensates: `shop/order@1/asleep/${type}/do/1` },
      );
      expect(await participant.ask(undo)).toMatchObject([DONE]);
      expect(await effects()).toEqual([]);
    },
  );

  it('many that never return cost a batch little more than one does', async () => {
    const names = Array.from({ length: 9 }, (_, number) => `saga-${number}`);
    const hanging = names.map((saga) =>
      commandMessage(Shared.type, saga, { what: 'hangs' }, { timeout: 400 }),
    );
    const startedAt = performance.now();
    const replies = await participant.ask(...hanging);
    expect(replies.every(({ type }) => type === TIMED_OUT.type)).toBe(true);
    // One after the other they would take 9 times the limit. Three at a time do not.
    expect(performance.now() - startedAt).toBeLessThan(9 * 400);
  });

  it('is reported in one line, with type, command, attempt and limit', async () => {
    const [message] = all(Own.type, 300, 'hangs');
    await participant.ask({ ...message, attempt: 3 } as Message);
    const lines = logs.filter((line) => line.includes('payment.own'));
    expect(lines).toEqual([
      expect.stringMatching(/'payment.own'.*hangs\/payment.own\/do\/1.*attempt 3.*300 ms/),
    ]);
  });

  it("is the handler's own, then the participant's, then what the command says", async () => {
    const { dataSource } = database;
    const brisk = await startTestParticipant([PaymentsController], { dataSource, timeLimit: '200ms' });
    try {
      const patient = commandMessage(Patient.type, 'patient', { what: 'hangs' }, { timeout: 100 });
      await brisk.send(patient, ...all(Outside.type, 60_000, 'hangs'));
      expect(await brisk.replyTo('hangs')).toMatchObject(TIMED_OUT);
      expect(brisk.replies).toHaveLength(1);
    } finally {
      for (const go of release) go();
      await brisk.stop();
    }
  });

  it('does not abort the handler that is done in time', async () => {
    await participant.ask(...all(Own.type, 60_000, 'a'));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it("tells the handler when the orchestrator stops waiting: the attempt's time or the saga's deadline", async () => {
    const soon = new Date(Date.now() + 20_000);
    const before = Date.now();
    await participant.ask(...all(Own.type, 60_000, 'a'));
    const [b] = all(Own.type, 60_000, 'b');
    await participant.ask({ ...b, deadline: soon.toISOString() } as Message);
    const [own, sagas] = deadlines.map((one) => one?.getTime() ?? 0);
    expect(own).toBeGreaterThanOrEqual(before + 60_000);
    expect(own).toBeLessThanOrEqual(Date.now() + 60_000);
    // The database's time of the deadline, in that of this process: told apart by a round trip.
    expect(Math.abs((sagas ?? 0) - soon.getTime())).toBeLessThan(2_000);
  });
});

describe('a command past the deadline of its saga', () => {
  let participant: TestParticipant;
  beforeEach(async () => {
    signals = [];
    participant = await startTestParticipant([OutsideController]);
  });
  afterEach(() => participant.stop());
  const past = new Date(Date.now() - 1_000).toISOString();

  it('is not begun: the saga turns back anyway', async () => {
    const message = commandMessage(Outside.type, 'a', { what: 'a' }, { deadline: past });
    const [reply] = await participant.ask(message);
    expect(reply).toMatchObject({ type: 'skald.reply.failed', data: { code: 'deadline_passed' } });
    expect(signals).toEqual([]);
  });

  it.each(['compensates', 'probes'] as const)('is carried out all the same when it %s', async (what) => {
    const message = commandMessage(Outside.type, 'a', { what: 'a' }, { deadline: past, [what]: 'another' });
    expect(await participant.ask(message)).toMatchObject([DONE]);
    expect(signals).toHaveLength(1);
  });

  it('is put aside when the deadline is no time', async () => {
    await participant.send(commandMessage(Outside.type, 'a', { what: 'a' }, { deadline: 'tomorrow' }));
    expect(await participant.deadLetters(1)).toEqual([
      { code: 'malformed_message', reason: expect.stringContaining("'deadline'") },
    ]);
    expect(signals).toEqual([]);
  });
});
