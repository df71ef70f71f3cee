import { participantImports, type Surroundings } from '@bricklayer/chassis';
import { type DynamicModule, Module } from '@nestjs/common';
import { BotToken } from './bot-token.entity.js';
import { Job } from './job.entity.js';
import { JobsController } from './jobs.controller.js';
import { Jobs1763600000020 } from './jobs.migration.js';

/** Keeps each bot's token and what its jobs say. */
@Module({ controllers: [JobsController] })
export class StorageModule {
  static forRoot(surroundings: Surroundings): DynamicModule {
    const schema = { entities: [Job, BotToken], migrations: [Jobs1763600000020] };
    return { module: StorageModule, imports: participantImports('storage', schema, surroundings) };
  }
}
