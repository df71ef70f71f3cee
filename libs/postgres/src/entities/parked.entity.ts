import type { Message } from '@skald/core';
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/**
 * A message for a definition that the process which took it does not know: in a deploy the old and the new containers share
 * the topics. It waits here for a process that does. So do requests from inside a process, whose asker reads the answer here.
 */
@Entity('skald_parked')
@Index('skald_parked_definition', ['namespace', 'definition', 'id'])
@Index('skald_parked_saga', ['namespace', 'sagaId'])
@Index('skald_parked_asked', ['createdAt'], { where: 'is_asked' })
export class ParkedEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ type: 'text' })
  namespace!: string;

  /** `name@version`, or `name@version#hash` where only that structure will do. */
  @Column({ type: 'text' })
  definition!: string;

  @Column({ type: 'json' })
  message!: Message;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'saga_id', type: 'text', nullable: true })
  sagaId!: string | null;

  /** Its asker waits for `answer`. */
  @Column({ name: 'is_asked', type: 'boolean', default: false })
  isAsked!: boolean;

  /** When a process took it up. */
  @Column({ name: 'taken_at', type: 'timestamptz', nullable: true })
  takenAt!: Date | null;

  @Column({ type: 'json', nullable: true })
  answer!: object | null;
}
