import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ParticipantOptions } from './participant-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: PARTICIPANT_OPTIONS } =
  new ConfigurableModuleBuilder<ParticipantOptions>({ moduleName: 'Participant' })
    .setClassMethodName('forRoot')
    .build();
