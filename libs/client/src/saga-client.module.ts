import { ConfigurableModuleBuilder, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { KafkaSagaClient, type KafkaSagaClientOptions } from './kafka-saga-client.js';
import { RestSagaClient, type RestSagaClientOptions } from './rest-saga-client.js';
import { SagaClient } from './saga-client.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<
  KafkaSagaClientOptions | RestSagaClientOptions
>({ moduleName: 'SagaClient' })
  .setClassMethodName('forRoot')
  .build();

/**
 * Gives a Nest application a `SagaClient` to inject: over Kafka when the options hold a `transport`, over REST when they
 * hold a `url`. It ends with the application.
 */
@Module({
  providers: [
    {
      provide: SagaClient,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: KafkaSagaClientOptions | RestSagaClientOptions) =>
        'transport' in options ? new KafkaSagaClient(options) : new RestSagaClient(options),
    },
  ],
  exports: [SagaClient],
})
export class SagaClientModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(@Inject(SagaClient) private readonly client: SagaClient) {
    super();
  }

  onApplicationShutdown(): Promise<void> {
    return this.client.close();
  }
}
