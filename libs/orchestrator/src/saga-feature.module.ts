import type { AnySaga } from '@skald/core';
import { DefinitionRegistry } from '@skald/runtime';
import { type DynamicModule, Module } from '@nestjs/common';

@Module({})
export class SagaFeatureModule {
  static register(sagas: readonly AnySaga[]): DynamicModule {
    const registered = Symbol('registered sagas');
    return {
      module: SagaFeatureModule,
      providers: [
        {
          provide: registered,
          inject: [DefinitionRegistry],
          useFactory: (definitions: DefinitionRegistry) => {
            for (const saga of sagas) definitions.register(saga);
            return sagas;
          },
        },
      ],
    };
  }
}
