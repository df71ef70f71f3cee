import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * The participant's guard: one row per command that was handled, in the database that the handler changes and in the
 * same transaction.
 */
@Entity('skald_barrier')
@Index('skald_barrier_age', ['createdAt'])
export class BarrierEntity {
  @PrimaryColumn({ name: 'command_id', type: 'text' })
  commandId!: string;

  /**
   * - `handled`: the handler ran, or said no
   * - `blocked`: the compensation came first, so the action must never run
   */
  @Column({ type: 'text' })
  state!: 'handled' | 'blocked';

  /** The reply, to be given again to a duplicate. Null only inside the transaction that handles the command. */
  @Column({ type: 'json', nullable: true })
  reply!: object | null;

  /**
   * Tells the command from another that comes with its id. Null in a blocked row, whose command has not been seen, and in one
   * from before digests were kept.
   */
  @Column({ type: 'text', nullable: true })
  digest!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
