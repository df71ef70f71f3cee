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
        namespace   text        NOT NULL,
        created_at  timestamptz NOT NULL,
        message_ids text[]      NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE skald_parked (
        id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        namespace  text        NOT NULL,
        definition text        NOT NULL,
        message    json        NOT NULL,
        created_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX skald_parked_definition ON skald_parked (namespace, definition, id)');
    // Rows lie nearly in the order of their last change, so a few kilobytes tell where the old ones are.
    await runner.query('CREATE INDEX skald_instance_updated ON skald_instance USING brin (updated_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE skald_parked, skald_outbox, skald_history, skald_instance');
  }
}
