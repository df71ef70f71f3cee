import { kindOf } from '../kinds/index.js';
import { numberOf, sagaIdOf } from '../load.js';
import type { Check, Violation } from './check.js';

interface Row {
  readonly id: string;
  readonly status: string;
  readonly failure: { readonly code: string } | null;
}

/** Every saga that was started is there, and has ended as its kind must. */
export const outcomes: Check = {
  name: 'outcomes',
  async run({ cluster, load }) {
    const rows = await cluster.query<Row>(
      'orchestrator',
      "SELECT id, status, state -> 'failure' AS failure FROM skald_instance",
    );
    const violations: Violation[] = [];
    const found = new Set<string>();
    for (const { id, status, failure } of rows) {
      found.add(id);
      const { ends, saga } = kindOf(numberOf(id));
      if (status === ends) continue;
      const why = failure === null ? '' : ` (${failure.code})`;
      violations.push({ what: `a '${saga.name}' is ${status}${why} and not ${ends}`, sagaId: id });
    }
    for (let number = 0; number < load.startedSagas; number += 1) {
      const sagaId = sagaIdOf(number);
      if (!found.has(sagaId)) violations.push({ what: 'a saga is lost', sagaId });
    }
    violations.push(...load.refused.map((text) => ({ what: `a start was refused: ${text}` })));
    return violations;
  },
};

/** Every end was told on the lifecycle topic. */
export const told: Check = {
  name: 'ends told',
  async run({ load }) {
    const violations: Violation[] = [];
    for (let number = 0; number < load.startedSagas; number += 1) {
      const sagaId = sagaIdOf(number);
      if (!load.heard.has(sagaId)) violations.push({ what: 'an end was not told', sagaId });
    }
    return violations;
  },
};
