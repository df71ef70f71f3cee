export { ExpectedChild, ExpectedCommand, given, Story } from './story.js';
export type { StoryOptions } from './story.js';
export { StoryError } from './story-error.js';
export { VirtualClock } from './virtual-clock.js';
export * from './simulation/index.js';
