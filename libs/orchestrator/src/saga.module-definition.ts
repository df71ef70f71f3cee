import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { SagaModuleOptions } from './saga-module-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: SAGA_MODULE_OPTIONS } =
  new ConfigurableModuleBuilder<SagaModuleOptions>({ moduleName: 'Saga' })
    .setClassMethodName('forRoot')
    .setExtras({}, (definition) => ({ ...definition, global: true }))
    .build();
