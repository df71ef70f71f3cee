import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a row's command was, so that another one under its id is told apart. Rows from before have none. */
export class BarrierDigest1763600000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE skald_barrier ADD COLUMN digest text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE skald_barrier DROP COLUMN digest');
  }
}
