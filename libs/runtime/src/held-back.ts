import { isEnded, lifecycleIdOf, type SagaInstance } from '@skald/core';
import { RequestRefusedError, type StoreTurn } from '@skald/ports';
import { commandOfParent, isParentOf, mayStillUndo, parentKey } from './parents.js';
import type { Work } from './work.js';

/** Of child sagas: their parents, where those are still there. They are read and not locked: a parent that is gone never comes back. */
export async function parentsOf(
  turn: StoreTurn,
  instances: readonly SagaInstance[],
): Promise<ReadonlyMap<SagaInstance, SagaInstance>> {
  const keys = instances.flatMap((instance) => {
    const ref = commandOfParent(instance);
    return ref === undefined ? [] : [parentKey(ref)];
  });
  const found = keys.length === 0 ? [] : await turn.find(keys);
  const byId = new Map(found.map((one) => [one.id, one]));
  const parents = new Map<SagaInstance, SagaInstance>();
  for (const child of instances) {
    const parent = byId.get(commandOfParent(child)?.sagaId ?? '');
    if (parent !== undefined && isParentOf(parent, child)) parents.set(child, parent);
  }
  return parents;
}

/**
 * Those of which the outbox still owes messages: they are derived from the instance, which so has to stay.
 *
 * @param except see `StoreTurn.owing`
 */
export async function owingOf(
  turn: StoreTurn,
  namespace: string,
  instances: readonly SagaInstance[],
  except: readonly string[] = [],
): Promise<ReadonlySet<SagaInstance>> {
  if (instances.length === 0) return new Set();
  const owing = new Set(await turn.owing(namespace, instances.map(placeOf), except));
  return new Set(instances.filter((instance) => owing.has(placeOf(instance))));
}

/** How the ids of all messages begin that are derived from an instance. */
function placeOf(instance: SagaInstance): string {
  const parts = lifecycleIdOf(instance, 'removed').split('/', 3);
  return `${parts.join('/')}/`;
}

/** Why instances have to stay that an operator wants removed, by their ids. */
export type HeldBack = ReadonlyMap<string, RequestRefusedError>;

export const NOTHING_HELD_BACK: HeldBack = new Map();

export function isRemoval(work: Work): boolean {
  return work.kind === 'operator' && work.action.kind === 'remove';
}

/**
 * A child whose parent may still compensate it would seem never to have been, and what is owed could no longer be made: both
 * can be removed later.
 */
export async function heldBack(
  turn: StoreTurn,
  namespace: string,
  wanted: readonly SagaInstance[],
): Promise<HeldBack> {
  const ended = wanted.filter(({ status }) => isEnded(status));
  const held = new Map<string, RequestRefusedError>();
  for (const { id } of await owingOf(turn, namespace, ended)) {
    const text = `saga '${id}' has messages that are not sent yet; try again when the broker has them`;
    held.set(id, new RequestRefusedError('messages_owed', text));
  }
  for (const [{ id }, parent] of await parentsOf(turn, ended)) {
    if (!mayStillUndo(parent)) continue;
    const text = `saga '${id}' is a child of '${parent.id}', which may still compensate it; try again when that one has ended`;
    held.set(id, new RequestRefusedError('parent_may_undo', text));
  }
  return held;
}
