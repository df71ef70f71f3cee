import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';

@Entity('bot')
@Unique('bot_name_of_owner', ['ownerId', 'name'])
export class Bot {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'owner_id', type: 'text' })
  ownerId!: string;

  @Column({ type: 'text' })
  name!: string;
}
