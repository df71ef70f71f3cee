export { Barrier } from './barrier.js';
export type { Handle, Passed, PassOptions } from './barrier.js';
export type { BarrierCommand, FinalOutcome } from './barrier-ledger.js';
export { HandlerFailedError } from './barrier-transaction.js';
export { checkServed } from './check-served.js';
export { CommandContext, NoTransactionError } from './command-context.js';
export {
  CommandHandler,
  CompensationHandler,
  ProbeHandler,
  SKALD_TRANSPORT,
} from './command-handler.decorator.js';
export type { HandlerOptions, HandlerTransaction } from './command-handler.decorator.js';
export { CommandRejectedException } from './command-rejected.exception.js';
export { ParticipantModule } from './participant.module.js';
export type { ParticipantOptions } from './participant-options.js';
export { ParticipantServer } from './participant-server.js';
export { servedContracts } from './served-contracts.js';
export type { ServedContract } from './served-contracts.js';
