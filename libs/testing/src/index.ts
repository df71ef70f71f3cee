export { VirtualClock } from './virtual-clock.js';
export * from './simulation/index.js';
