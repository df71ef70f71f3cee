import type { Fault } from './fault.js';

/** Ends every connection to PostgreSQL at once. */
export const endedBackends: Fault = {
  name: 'backends ended',
  share: 16,
  async strike(cluster) {
    try {
      await cluster.query(
        'orchestrator',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      );
    } catch {
      // PostgreSQL is away just now: another fault has ended them.
      return undefined;
    }
    return { what: 'all', over: Promise.resolve() };
  },
};
