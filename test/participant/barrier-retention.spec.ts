import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { command } from '@skald/core';
import { CommandHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller } from '@nestjs/common';
import { freshDatabase } from '../setup/real-services.js';
import { startTestParticipant, until } from './participant-harness.js';

class Nothing {
  note?: string;
}

@Controller()
class IdleController {
  @CommandHandler(command('payment.idle', { request: Nothing }))
  idle(): void {}
}

describe("the barrier's retention, on real PostgreSQL", () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  beforeAll(async () => {
    database = await freshDatabase(participantSchema);
  });
  afterAll(() => database.drop());
  beforeEach(() => database.dataSource.query('TRUNCATE skald_barrier'));

  async function rows(age: string, count: number): Promise<void> {
    await database.dataSource.query(
      `INSERT INTO skald_barrier (command_id, state, reply, created_at)
       SELECT $1 || '/' || n, 'handled', '{}', now() - $1::interval FROM generate_series(1, $2) n`,
      [age, count],
    );
  }
  async function left(): Promise<string[]> {
    const found: { command_id: string }[] = await database.dataSource.query(
      'SELECT command_id FROM skald_barrier ORDER BY 1',
    );
    return found.map((row) => row.command_id);
  }
  const start = (barrierRetention?: '2h' | '5m'): ReturnType<typeof startTestParticipant> =>
    startTestParticipant([IdleController], {
      dataSource: database.dataSource,
      ...(barrierRetention && { barrierRetention }),
    });

  it('removes what is older, in as many batches as it takes, and nothing else', async () => {
    await rows('3 hours', 2_500);
    await rows('1 hour', 2);
    const participant = await start('2h');
    await until(async () => ((await left()).length === 2 ? true : undefined));
    await participant.stop();
    expect(await left()).toEqual(['1 hour/1', '1 hour/2']);
  });

  it('is 90 days unless it is set', async () => {
    await rows('91 days', 1);
    await rows('89 days', 1);
    const participant = await start();
    await until(async () => ((await left()).length === 1 ? true : undefined));
    await participant.stop();
    expect(await left()).toEqual(['89 days/1']);
  });

  it('passes over rows that another replica is removing', async () => {
    await rows('3 hours', 3);
    const other = database.dataSource.createQueryRunner();
    await other.startTransaction();
    await other.query("SELECT 1 FROM skald_barrier WHERE command_id = '3 hours/2' FOR UPDATE");
    const participant = await start('2h');
    await until(async () => ((await left()).length === 1 ? true : undefined));
    await participant.stop();
    await other.rollbackTransaction();
    await other.release();
    expect(await left()).toEqual(['3 hours/2']);
  });

  it('finds old rows through an index', async () => {
    const plan: { 'QUERY PLAN': string }[] = await database.dataSource.transaction(async (transaction) => {
      await transaction.query('SET LOCAL enable_seqscan = off');
      return transaction.query(
        "EXPLAIN SELECT 1 FROM skald_barrier WHERE created_at < now() - interval '1 day' ORDER BY created_at LIMIT 5",
      );
    });
    expect(JSON.stringify(plan)).toContain('skald_barrier_age');
  });

  it('is refused when it is shorter than an hour', async () => {
    await expect(start('5m')).rejects.toThrow(/'barrierRetention'.*"5m" is too short/);
  });
});
