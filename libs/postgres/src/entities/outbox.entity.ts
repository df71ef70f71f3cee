import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/**
 * What one turn owes to Kafka: ids of commands and lifecycle events, from which the messages are derived. A row is
 * gone soon after its messages have arrived; old rows are what a crash or an outage left for the relay.
 */
@Entity('skald_outbox')
export class OutboxEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ type: 'text' })
  namespace!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'message_ids', type: 'text', array: true })
  messageIds!: string[];
}
