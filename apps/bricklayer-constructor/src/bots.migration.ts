import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Bots1763600000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE bot (
        id       uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
        owner_id text NOT NULL,
        name     text NOT NULL,
        CONSTRAINT bot_name_of_owner UNIQUE (owner_id, name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE bot');
  }
}
