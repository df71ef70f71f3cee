export { CommandContext } from './command-context.js';
export { CommandHandler, SKALD_TRANSPORT } from './command-handler.decorator.js';
export { CommandRejectedException } from './command-rejected.exception.js';
export { ParticipantModule } from './participant.module.js';
export type { ParticipantOptions } from './participant-options.js';
export { ParticipantServer } from './participant-server.js';
export { Barrier } from './barrier.js';
export type { BarrierCommand, FinalOutcome } from './barrier.js';
