import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Old rows are found by their age; without this every search would read the whole table. */
export class BarrierAge1763600000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX skald_barrier_age ON skald_barrier (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX skald_barrier_age');
  }
}
