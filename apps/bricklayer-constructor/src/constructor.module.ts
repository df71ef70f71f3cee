import { participantImports, type Surroundings } from '@bricklayer/chassis';
import { type DynamicModule, Module } from '@nestjs/common';
import { Bot } from './bot.entity.js';
import { BotsController } from './bots.controller.js';
import { Bots1763600000010 } from './bots.migration.js';

/** Keeps the bots: who owns them and what they are called. */
@Module({ controllers: [BotsController] })
export class ConstructorModule {
  static forRoot(surroundings: Surroundings): DynamicModule {
    const schema = { entities: [Bot], migrations: [Bots1763600000010] };
    return { module: ConstructorModule, imports: participantImports('constructor', schema, surroundings) };
  }
}
