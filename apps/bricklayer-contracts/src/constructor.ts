import { command } from '@skald/core';
import { IsNotEmpty, IsString, IsUUID, MaxLength } from 'class-validator';

/** A bot's name is unique for its owner. */
export class BotName {
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  ownerId!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  name!: string;
}

export class BotCreated {
  @IsUUID()
  id!: string;
}

export const CreateBot = command('constructor.create-bot', {
  request: BotName,
  reply: BotCreated,
  rejections: ['name_taken'],
});

export const DeleteBot = command('constructor.delete-bot', { request: BotName });
