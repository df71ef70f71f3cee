import type { HistoryEntry } from '@skald/core';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What happened to an instance, one row per transition. Only ever appended to. */
@Entity('skald_history')
export class HistoryEntity {
  @PrimaryColumn({ type: 'text' })
  namespace!: string;

  @PrimaryColumn({ name: 'saga_id', type: 'text' })
  sagaId!: string;

  /** From 1 without gaps. */
  @PrimaryColumn({ type: 'int' })
  sequence!: number;

  @Column({ type: 'timestamptz' })
  at!: Date;

  /** Cause, effects, status and failure; no payloads. */
  @Column({ type: 'json' })
  entry!: Omit<HistoryEntry, 'sequence' | 'at'>;
}
