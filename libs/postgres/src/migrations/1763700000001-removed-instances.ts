import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RemovedInstances1763700000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE skald_removed (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        namespace   text        NOT NULL,
        saga_id     text        NOT NULL,
        incarnation text,
        definition  text        NOT NULL,
        status      text        NOT NULL,
        removed_at  timestamptz NOT NULL,
        actor       text        NOT NULL,
        reason      text        NOT NULL,
        kept_until  timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX skald_removed_instance ON skald_removed (namespace, saga_id, id)');
    await runner.query('CREATE INDEX skald_removed_kept ON skald_removed (kept_until)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE skald_removed');
  }
}
