import type { SagaInstance } from '@skald/core';

/** The columns that make an instance, in the order of `InstanceRow`. Times come as seconds: they are read faster. */
export const INSTANCE_COLUMNS = `
  i.namespace, i.id, i.definition, i.definition_hash, i.status, i.revision, i.input, i.state,
  date_part('epoch', i.next_wakeup_at) AS next_wakeup, date_part('epoch', i.created_at) AS created,
  date_part('epoch', i.updated_at) AS updated`;

export interface InstanceRow {
  namespace: string;
  id: string;
  definition: string;
  definition_hash: string;
  status: SagaInstance['status'];
  revision: number;
  input: SagaInstance['input'];
  state: InstanceState;
  next_wakeup: number | null;
  created: number;
  updated: number;
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
    wakeAt: row.next_wakeup === null ? null : milliseconds(row.next_wakeup),
    createdAt: milliseconds(row.created),
    updatedAt: milliseconds(row.updated),
  };
}

/** What has no column of its own, as JSON. */
export function stateText(instance: SagaInstance): string {
  // Named one by one, since a rest pattern costs more than writing the JSON. The compiler finds what is missing.
  const state: { readonly [Member in keyof Required<InstanceState>]: InstanceState[Member] | undefined } = {
    incarnation: instance.incarnation,
    results: instance.results,
    replaced: instance.replaced,
    visits: instance.visits,
    cursor: instance.cursor,
    failure: instance.failure,
    suspension: instance.suspension,
    resumeTo: instance.resumeTo,
    output: instance.output,
    inbox: instance.inbox,
    handled: instance.handled,
    parent: instance.parent,
    deadlineAt: instance.deadlineAt,
  };
  return JSON.stringify(state);
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1_000);
}
