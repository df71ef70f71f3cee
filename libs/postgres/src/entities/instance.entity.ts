import type { JsonObject } from '@skald/core';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One running or ended saga. The hot path reads and writes it with the statements in ../sql. */
@Entity('skald_instance')
@Index('skald_instance_wakeup', ['nextWakeupAt'], { where: 'next_wakeup_at IS NOT NULL' })
// A BRIN index, which TypeORM cannot describe: the migration makes it.
@Index('skald_instance_updated', { synchronize: false })
export class InstanceEntity {
  @PrimaryColumn({ type: 'text' })
  namespace!: string;

  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** `name@version` */
  @Column({ type: 'text' })
  definition!: string;

  /** The structure that the instance was started with, pinned. */
  @Column({ name: 'definition_hash', type: 'text' })
  definitionHash!: string;

  @Column({ type: 'text' })
  status!: string;

  /** Counts the transitions; equals the sequence of the newest history entry. */
  @Column({ type: 'int' })
  revision!: number;

  /** Never changes, so it has a column of its own that updates leave alone. */
  @Column({ type: 'json' })
  input!: JsonObject;

  /** Replies, the path taken, failure, suspension and output. SQL never looks inside. */
  @Column({ type: 'json' })
  state!: object;

  /** When it must be looked at though nothing arrives. */
  @Column({ name: 'next_wakeup_at', type: 'timestamptz', nullable: true })
  nextWakeupAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;

  /** The message that began it, for its trace; written once, and read only when it is removed. */
  @Column({ name: 'start_id', type: 'text', nullable: true })
  startId!: string | null;
}
