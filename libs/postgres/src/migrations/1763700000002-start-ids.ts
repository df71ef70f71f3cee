import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By which message an instance was begun: a copy of it begins none again once that one is removed. */
export class StartIds1763700000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE skald_instance ADD COLUMN start_id text');
    await runner.query('ALTER TABLE skald_removed ADD COLUMN start_id text');
    await runner.query(`
      CREATE INDEX skald_removed_start ON skald_removed (namespace, saga_id, start_id)
      WHERE start_id IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX skald_removed_start');
    await runner.query('ALTER TABLE skald_removed DROP COLUMN start_id');
    await runner.query('ALTER TABLE skald_instance DROP COLUMN start_id');
  }
}
