import { ConfigurableModuleBuilder, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SagaClient, type SagaClientOptions } from './saga-client.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<SagaClientOptions>({
  moduleName: 'SagaClient',
})
  .setClassMethodName('forRoot')
  .build();

/** Gives a Nest application a `SagaClient` to inject; it ends with the application. */
@Module({
  providers: [
    {
      provide: SagaClient,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: SagaClientOptions) => new SagaClient(options),
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
