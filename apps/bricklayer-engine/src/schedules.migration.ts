import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Schedules1763600000030 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE schedule (
        job_id      uuid        NOT NULL PRIMARY KEY,
        cron        text        NOT NULL,
        next_run_at timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE schedule');
  }
}
