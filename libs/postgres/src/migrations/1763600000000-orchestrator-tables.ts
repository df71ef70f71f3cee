import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OrchestratorTables1763600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE skald_instance (
        namespace       text        NOT NULL,
        id              text        NOT NULL,
        definition      text        NOT NULL,
        definition_hash text        NOT NULL,
        status          text        NOT NULL,
        revision        integer     NOT NULL,
        input           json        NOT NULL,
        state           json        NOT NULL,
        next_wakeup_at  timestamptz,
        created_at      timestamptz NOT NULL,
        updated_at      timestamptz NOT NULL,
        PRIMARY KEY (namespace, id)
      )`);
    await runner.query(`
      CREATE INDEX skald_instance_wakeup ON skald_instance (next_wakeup_at)
      WHERE next_wakeup_at IS NOT NULL`);
    await runner.query(`
      CREATE TABLE skald_history (
        namespace text        NOT NULL,
        saga_id   text        NOT NULL,
        sequence  integer     NOT NULL,
        at        timestamptz NOT NULL,
        entry     json        NOT NULL,
        PRIMARY KEY (namespace, saga_id, sequence)
      )`);
    await runner.query(`
      CREATE TABLE skald_outbox (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        created_at  timestamptz NOT NULL,
        message_ids text[]      NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE skald_outbox, skald_history, skald_instance');
  }
}
