/** Injects the namespace that this orchestrator serves. */
export const NAMESPACE = Symbol('namespace');
