import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Processes tell each other which definitions they know, and hand each other what they cannot work on. */
export class Processes1763600000030 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE skald_process (
        id          text        NOT NULL PRIMARY KEY,
        namespace   text        NOT NULL,
        label       text        NOT NULL,
        definitions json        NOT NULL,
        started_at  timestamptz NOT NULL DEFAULT now(),
        seen_at     timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      ALTER TABLE skald_parked
        ADD COLUMN saga_id  text,
        ADD COLUMN is_asked boolean NOT NULL DEFAULT false,
        ADD COLUMN taken_at timestamptz,
        ADD COLUMN answer   json`);
    await runner.query('CREATE INDEX skald_parked_saga ON skald_parked (namespace, saga_id)');
    await runner.query('CREATE INDEX skald_parked_asked ON skald_parked (created_at) WHERE is_asked');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX skald_parked_asked, skald_parked_saga');
    await runner.query(`
      ALTER TABLE skald_parked
        DROP COLUMN saga_id, DROP COLUMN is_asked, DROP COLUMN taken_at, DROP COLUMN answer`);
    await runner.query('DROP TABLE skald_process');
  }
}
