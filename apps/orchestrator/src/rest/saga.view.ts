import type { HistoryEntry, SagaInstance } from '@skald/core';

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
  readonly visits: readonly object[];
  readonly history?: readonly object[];
}

export function sagaView(instance: SagaInstance, history?: readonly HistoryEntry[]): SagaView {
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
    ...(history && { history: history.map((entry) => ({ ...entry, at: time(entry.at) })) }),
  };
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
