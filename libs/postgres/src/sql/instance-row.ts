import type { SagaInstance } from '@skald/core';

/** The columns that make an instance, in the order of `InstanceRow`. */
export const INSTANCE_COLUMNS = `
  i.namespace, i.id, i.definition, i.definition_hash, i.status, i.revision,
  i.input, i.state, i.next_wakeup_at, i.created_at, i.updated_at`;

export interface InstanceRow {
  namespace: string;
  id: string;
  definition: string;
  definition_hash: string;
  status: SagaInstance['status'];
  revision: number;
  input: SagaInstance['input'];
  state: InstanceState;
  next_wakeup_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

type InstanceState = Pick<SagaInstance, 'results' | 'visits' | 'failure' | 'suspension' | 'output'>;

export function instanceOf(row: InstanceRow): SagaInstance {
  const at = row.definition.lastIndexOf('@');
  return {
    namespace: row.namespace,
    id: row.id,
    definition: {
      name: row.definition.slice(0, at),
      version: Number(row.definition.slice(at + 1)),
      hash: row.definition_hash,
    },
    status: row.status,
    revision: row.revision,
    input: row.input,
    ...row.state,
    wakeAt: row.next_wakeup_at?.getTime() ?? null,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}

export function stateText({ results, visits, failure, suspension, output }: SagaInstance): string {
  const state: InstanceState = {
    results,
    visits,
    ...(failure && { failure }),
    ...(suspension && { suspension }),
    ...(output !== undefined && { output }),
  };
  return JSON.stringify(state);
}

export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
