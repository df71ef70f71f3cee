import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Jobs1763600000020 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE bot_token (bot_id uuid NOT NULL PRIMARY KEY, token text NOT NULL)');
    await runner.query(`
      CREATE TABLE job (
        id      uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
        bot_id  uuid NOT NULL,
        channel text NOT NULL,
        title   text NOT NULL,
        text    text NOT NULL,
        cron    text NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE job, bot_token');
  }
}
