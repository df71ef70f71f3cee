export { DEFAULT_FAULTS } from './faults.js';
export type { FaultKind, FaultRates } from './faults.js';
export { KeyedRandom } from './keyed-random.js';
export type { SimulatedData } from './outside-world.js';
export type { SimulatedReplies, SimulatedReply } from './participants.js';
export { simulate } from './simulate.js';
export type { Mutation, SimulationOptions, SimulationReport, Violation } from './simulate.js';
