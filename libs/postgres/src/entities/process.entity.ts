import type { NotedDefinition } from '@skald/ports';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * An orchestrator process and what it can run. It notes every two seconds that it lives; the row goes when it ends, or when
 * it has not done so for 15 seconds: for others that have beaten meanwhile, not after an outage of the database.
 */
@Entity('skald_process')
export class ProcessEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'skald_process_pkey' })
  id!: string;

  @Column({ type: 'text' })
  namespace!: string;

  /** Where it runs, for people. */
  @Column({ type: 'text' })
  label!: string;

  @Column({ type: 'json' })
  definitions!: readonly NotedDefinition[];

  @Column({ name: 'started_at', type: 'timestamptz', default: () => 'now()' })
  startedAt!: Date;

  @Column({ name: 'seen_at', type: 'timestamptz', default: () => 'now()' })
  seenAt!: Date;
}
