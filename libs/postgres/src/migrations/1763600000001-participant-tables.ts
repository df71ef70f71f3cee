import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ParticipantTables1763600000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE skald_barrier (
        command_id text        NOT NULL PRIMARY KEY,
        state      text        NOT NULL,
        reply      json,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE skald_barrier');
  }
}
