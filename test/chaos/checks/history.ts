import type { Check } from './check.js';

/** Histories are numbered from 1 without gaps, up to their saga's revision. */
export const history: Check = {
  name: 'history',
  async run({ cluster }) {
    const broken = await cluster.query<{ id: string; entries: number; newest: number; revision: number }>(
      'orchestrator',
      `SELECT i.id, coalesce(h.entries, 0) AS entries, coalesce(h.newest, 0) AS newest, i.revision
         FROM skald_instance i
         LEFT JOIN (SELECT saga_id, count(*)::int AS entries, max(sequence) AS newest, min(sequence) AS oldest
                      FROM skald_history GROUP BY saga_id) h ON h.saga_id = i.id
        WHERE h.entries IS DISTINCT FROM i.revision OR h.newest <> i.revision OR h.oldest <> 1`,
    );
    return broken.map(({ id, entries, newest, revision }) => ({
      what: `a history has ${entries} entries up to ${newest} at revision ${revision}`,
      sagaId: id,
    }));
  },
};
