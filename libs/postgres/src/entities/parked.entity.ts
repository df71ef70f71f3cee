import type { Message } from '@skald/core';
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/**
 * A message for an instance whose definition the process that took it did not know: in a deploy the old and the new
 * containers share the topics. It waits here for a process that does.
 */
@Entity('skald_parked')
@Index('skald_parked_definition', ['namespace', 'definition', 'id'])
export class ParkedEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ type: 'text' })
  namespace!: string;

  /** `name@version` */
  @Column({ type: 'text' })
  definition!: string;

  @Column({ type: 'json' })
  message!: Message;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
