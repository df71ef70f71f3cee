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

/** What has no column of its own. */
type InstanceState = Omit<
  SagaInstance,
  'namespace' | 'id' | 'definition' | 'status' | 'revision' | 'input' | 'wakeAt' | 'createdAt' | 'updatedAt'
>;

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

export function stateText({
  namespace: _namespace,
  id: _id,
  definition: _definition,
  status: _status,
  revision: _revision,
  input: _input,
  wakeAt: _wakeAt,
  createdAt: _createdAt,
  updatedAt: _updatedAt,
  ...state
}: SagaInstance): string {
  return JSON.stringify(state satisfies InstanceState);
}

export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
