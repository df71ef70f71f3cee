import { Module } from '@nestjs/common';
import { ConfigurableModuleClass } from './participant.module-definition.js';
import { ParticipantServer } from './participant-server.js';

/** Import once with `forRoot` or `forRootAsync`, then connect `ParticipantServer` as a microservice. */
@Module({ providers: [ParticipantServer], exports: [ParticipantServer] })
export class ParticipantModule extends ConfigurableModuleClass {}
