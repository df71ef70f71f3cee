import { participantImports, type Surroundings } from '@bricklayer/chassis';
import { type DynamicModule, Module } from '@nestjs/common';
import { Schedule } from './schedule.entity.js';
import { SchedulesController } from './schedules.controller.js';
import { Schedules1763600000030 } from './schedules.migration.js';

/** Knows when jobs run. */
@Module({ controllers: [SchedulesController] })
export class EngineModule {
  static forRoot(surroundings: Surroundings): DynamicModule {
    const schema = { entities: [Schedule], migrations: [Schedules1763600000030] };
    return { module: EngineModule, imports: participantImports('engine', schema, surroundings) };
  }
}
