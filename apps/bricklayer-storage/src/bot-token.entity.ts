import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a bot signs in to Mattermost with. Made here and never sent anywhere: neither Kafka nor the saga sees it. */
@Entity('bot_token')
export class BotToken {
  @PrimaryColumn({ name: 'bot_id', type: 'uuid' })
  botId!: string;

  @Column({ type: 'text' })
  token!: string;
}
