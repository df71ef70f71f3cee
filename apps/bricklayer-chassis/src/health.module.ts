import { type DynamicModule, Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { HealthController, MESSAGE_TAKER, type MessageTaker } from './health.controller.js';

/** `GET /health/live` and `GET /health/ready`, in an application that has a TypeORM data source. */
@Module({ controllers: [HealthController] })
export class HealthModule {
  /** @param from the modules that export the message taker, unless they are global */
  static of(taker: Type<MessageTaker>, from: ModuleMetadata['imports'] = []): DynamicModule {
    return {
      module: HealthModule,
      imports: [...from],
      providers: [{ provide: MESSAGE_TAKER, useExisting: taker }],
    };
  }
}
