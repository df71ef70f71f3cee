/** Injects the dead letters of the orchestrator's transport. */
export const DEAD_LETTERS = Symbol('dead letters');
