import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** The trace of an instance that was removed with its history: which, when, by whom and why. */
@Entity('skald_removed')
@Index('skald_removed_instance', ['namespace', 'sagaId', 'id'])
@Index('skald_removed_kept', ['keptUntil'])
@Index('skald_removed_start', ['namespace', 'sagaId', 'startId'], { where: 'start_id IS NOT NULL' })
export class RemovedEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ type: 'text' })
  namespace!: string;

  @Column({ name: 'saga_id', type: 'text' })
  sagaId!: string;

  /** Tells it from other instances that had its id; null where it had none. */
  @Column({ type: 'text', nullable: true })
  incarnation!: string | null;

  /** `name@version` */
  @Column({ type: 'text' })
  definition!: string;

  /** How it stood when it was removed. */
  @Column({ type: 'text' })
  status!: string;

  @Column({ name: 'removed_at', type: 'timestamptz' })
  removedAt!: Date;

  /** An operator, or `retention`. */
  @Column({ type: 'text' })
  actor!: string;

  @Column({ type: 'text' })
  reason!: string;

  /** The message that began it; null where none did, or it began before that was noted. */
  @Column({ name: 'start_id', type: 'text', nullable: true })
  startId!: string | null;

  /** When this row may go, too. */
  @Column({ name: 'kept_until', type: 'timestamptz' })
  keptUntil!: Date;
}
