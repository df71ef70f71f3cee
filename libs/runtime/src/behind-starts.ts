import { RequestRefusedError, type Store, UnknownDefinitionError } from '@skald/ports';
import type { LiveDefinitions } from './live-definitions.js';
import type { WorkResult } from './turn.js';
import type { Work } from './work.js';

export interface BehindStartsOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly live: LiveDefinitions;
  /** Runs the work in a turn; one result each, in order. */
  readonly submit: (works: readonly Work[]) => Promise<readonly WorkResult[]>;
}

/**
 * Runs work in a turn. What comes for a saga that does not exist yet, since its start is kept for another process, is kept
 * behind the start: the messages of a saga stay in their order.
 */
export async function submitBehindStarts(
  { namespace, store, live, submit }: BehindStartsOptions,
  works: readonly Work[],
): Promise<readonly WorkResult[]> {
  const results = await submit(works);
  const lost = works.flatMap((work, index) => {
    const result = results[index];
    return work.message !== undefined && lacksSaga(work, result) ? [{ work, index }] : [];
  });
  if (lost.length === 0) return results;
  const starts = await store.processes.keptStarts(namespace, [
    ...new Set(lost.map(({ work }) => work.key.id)),
  ]);
  if (starts.size === 0 && !live.hasOthersToAsk()) return results;

  // Those without a kept start are tried once more: another process may just have taken the start up.
  const again = lost.map(({ work }): Work => {
    const { key, message } = work;
    const definition = starts.get(key.id);
    return definition === undefined || message === undefined
      ? work
      : { kind: 'elsewhere', key, definition, message };
  });
  const second = await submit(again);
  const corrected = [...results];
  for (const [position, { index }] of lost.entries()) {
    const result = second[position];
    if (result !== undefined) corrected[index] = result;
  }
  return corrected;
}

function lacksSaga(work: Work, result: WorkResult | undefined): boolean {
  if (result?.kind !== 'refused') return false;
  const { error } = result;
  if (work.kind === 'undo') return error instanceof UnknownDefinitionError;
  return error instanceof RequestRefusedError && error.code === 'unknown_saga';
}
