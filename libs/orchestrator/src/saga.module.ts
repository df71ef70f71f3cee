import { hostname } from 'node:os';
import type { AnySaga } from '@skald/core';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SagaFeatureModule } from './saga-feature.module.js';
import { namespaceDefaults, retentions } from './namespace-defaults.js';
import { ConfigurableModuleClass, SAGA_MODULE_OPTIONS } from './saga.module-definition.js';
import { checkModuleOptions, type SagaModuleOptions } from './saga-module-options.js';

/**
 * Runs the orchestrator in a Nest application: `forRoot` or `forRootAsync` once, with the store and the transport, and
 * `forFeature` wherever sagas are registered. It begins to take messages when the application has started, and ends
 * with `app.close()`, or on a signal when shutdown hooks are enabled.
 */
@Module({
  providers: [
    {
      provide: DefinitionRegistry,
      inject: [SAGA_MODULE_OPTIONS],
      useFactory: (options: SagaModuleOptions) => {
        checkModuleOptions(options);
        return new DefinitionRegistry(namespaceDefaults(options.namespace, options.defaults));
      },
    },
    {
      provide: SagaEngine,
      inject: [SAGA_MODULE_OPTIONS, DefinitionRegistry],
      useFactory: ({ defaults, ...options }: SagaModuleOptions, definitions: DefinitionRegistry) =>
        new SagaEngine({
          label: `${hostname()}, process ${process.pid}`,
          ...options,
          definitions,
          log: new Logger('Skald'),
          ...retentions(options.namespace, defaults),
        }),
    },
  ],
  exports: [DefinitionRegistry, SagaEngine],
})
export class SagaModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly logger = new Logger('Skald');

  constructor(
    @Inject(SagaEngine) private readonly engine: SagaEngine,
    @Inject(DefinitionRegistry) private readonly definitions: DefinitionRegistry,
  ) {
    super();
  }

  /** Registers sagas with the application's one orchestrator. */
  static forFeature(sagas: readonly AnySaga[]): DynamicModule {
    return SagaFeatureModule.register(sagas);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.engine.start();
    this.logger.log(`orchestrates ${this.definitions.references().join(', ') || 'no sagas yet'}`);
  }

  /** Before TypeORM closes the data source, which it does in the next phase: the batch in hand needs it. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.engine.stop();
  }
}
