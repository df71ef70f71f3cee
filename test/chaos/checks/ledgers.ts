import { kindOf } from '../kinds/index.js';
import { numberOf } from '../load.js';
import { PARTICIPANTS, UNDONE_BY } from '../work/contracts.js';
import type { Check } from './check.js';

interface Effect {
  readonly saga_id: string;
  readonly type: string;
  /** Microseconds since 1970. */
  readonly at: string;
}

/**
 * The participants' ledgers: of a saga that completed, each effect once and in order; of one that was compensated, some of
 * its first effects, each once, and each undone once, the newest first.
 */
export const ledgers: Check = {
  name: 'ledgers',
  async run({ cluster }) {
    const ofSagas = new Map<string, Effect[]>();
    for (const participant of PARTICIPANTS) {
      const effects = await cluster.query<Effect>(
        participant,
        'SELECT saga_id, type, (extract(epoch FROM at) * 1000000)::bigint AS at FROM effect',
      );
      for (const effect of effects) {
        const ofSaga = ofSagas.get(effect.saga_id);
        if (ofSaga === undefined) ofSagas.set(effect.saga_id, [effect]);
        else ofSaga.push(effect);
      }
    }
    const ended = await cluster.query<{ id: string; status: string }>(
      'orchestrator',
      "SELECT id, status FROM skald_instance WHERE status IN ('completed', 'compensated')",
    );
    return ended.flatMap(({ id, status }) => {
      const effects = (ofSagas.get(id) ?? []).toSorted((a, b) => Number(a.at) - Number(b.at));
      const kept = effects.map(({ type }) => type);
      const wanted =
        status === 'completed'
          ? kindOf(numberOf(id)).effects
          : undoneAfter(kept, kindOf(numberOf(id)).effects);
      if (kept.join() === wanted.join()) return [];
      return [
        { what: `a ${status} saga's ledger is [${kept.join()}] and not [${wanted.join()}]`, sagaId: id },
      ];
    });
  },
};

/** What a ledger looks like after as many effects as this one has, and their undoing. */
function undoneAfter(kept: readonly string[], effects: readonly string[]): string[] {
  const done = effects.slice(0, Math.ceil(kept.length / 2));
  return [...done, ...done.toReversed().map((type) => UNDONE_BY.get(type) ?? type)];
}
