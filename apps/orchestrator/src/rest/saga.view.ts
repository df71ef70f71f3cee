import { type AnySaga, type HistoryEntry, remainingPath, type SagaInstance } from '@skald/core';

/** An instance as the REST interface shows it. */
export interface SagaView {
  readonly namespace: string;
  readonly id: string;
  readonly definition: string;
  readonly version: number;
  readonly status: string;
  readonly revision: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly wakeAt?: string;
  readonly input: object;
  readonly results: object;
  readonly output?: unknown;
  readonly failure?: object;
  readonly suspension?: object;
  /** The path taken. */
  readonly visits: readonly object[];
  /** The steps before it. */
  readonly remaining?: readonly string[];
  readonly history?: readonly object[];
}

/** @param saga its definition, where this process knows it: then the path before the saga is shown too */
export function sagaView(
  instance: SagaInstance,
  history?: readonly HistoryEntry[],
  saga?: AnySaga,
): SagaView {
  const { definition, createdAt, updatedAt, wakeAt, failure, suspension, output } = instance;
  return {
    namespace: instance.namespace,
    id: instance.id,
    definition: definition.name,
    version: definition.version,
    status: instance.status,
    revision: instance.revision,
    createdAt: time(createdAt),
    updatedAt: time(updatedAt),
    ...(wakeAt !== null && { wakeAt: time(wakeAt) }),
    input: instance.input,
    results: instance.results,
    ...(output !== undefined && { output }),
    ...(failure && { failure }),
    ...(suspension && { suspension }),
    visits: instance.visits,
    ...(saga && { remaining: remainingPath(saga, instance) }),
    ...(history && { history: history.map((entry) => ({ ...entry, at: time(entry.at) })) }),
  };
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
