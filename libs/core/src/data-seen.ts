import { type AnySaga, armsParallel, nodeNamed, type SagaData } from './definition.js';
import type { Direction } from './ids.js';
import type { ReplacedValue, SagaInstance, Visit } from './instance.js';

/** Of an instance: what data is put together from. */
export type Known = Pick<SagaInstance, 'input' | 'results' | 'visits' | 'replaced'>;

/** What the functions of a definition see. An operator's edit of the input lies over the input itself. */
export function dataOf(instance: Pick<SagaInstance, 'input' | 'results'>): SagaData {
  return { input: instance.input, ...instance.results };
}

/**
 * What the functions of one visit's commands see: what was known when the visit began, whatever came later. So a command is
 * the same on every attempt, and a compensation undoes what was done though a jump has gone past the same steps again. A
 * compensation or a probe sees the reply of its own visit, too, where there was one.
 *
 * What was known is not stored again for every visit. A reply that a later visit's has replaced lies with its own visit, and
 * which replies had come is told by the order of the visits; only what calls have replaced is noted with its place.
 */
export function dataSeen(definition: AnySaga, known: Known, index: number, direction: Direction): SagaData {
  const { visits, replaced = NOTHING } = known;
  const visit = visits[index];
  if (visit === undefined) throw new Error(`there is no visit ${index}`);
  let data: Record<string, unknown> & SagaData = dataOf(known);
  if (replaced.length > 0) data = withReplaced(data, replaced, index);
  const start = startOf(definition, visits, index);
  for (let at = start; at < visits.length; at += 1) {
    const later = visits[at];
    if (at === index || later === undefined || later.action.state !== 'succeeded') continue;
    const { as } = nodeNamed(definition, later.step);
    if (as === undefined) continue;
    const earlier = visits[lastSuccess(visits, later.step, start)];
    data = earlier === undefined ? without(data, as) : { ...data, [as]: replyOf(earlier, known, as) };
  }
  if (direction === 'do') return data;
  const { as } = nodeNamed(definition, visit.step);
  if (as === undefined) return data;
  const own = visit.action.state === 'succeeded' ? replyOf(visit, known, as) : undefined;
  return { ...data, [as]: own };
}

const NOTHING: readonly ReplacedValue[] = [];

/**
 * Puts another value where the command of one visit, or of the present where `index` is absent, finds it under a name.
 */
export function withValue(
  definition: AnySaga,
  known: Known,
  { as, value, index }: { readonly as: string; readonly value: unknown; readonly index: number | undefined },
): Pick<Known, 'results' | 'visits' | 'replaced'> {
  const { results, visits, replaced } = known;
  if (index !== undefined) {
    const old = replaced?.findIndex((one) => one.as === as && index < one.visits) ?? -1;
    if (replaced !== undefined && old >= 0) {
      const other = replaced.map((one, at) => (at === old ? { ...one, value } : one));
      return { results, visits, replaced: other };
    }
    const own = visits[index];
    const isOwn = own?.action.state === 'succeeded' && nodeNamed(definition, own.step).as === as;
    const step = definition.nodes.find((node) => node.as === as)?.name;
    const at =
      isOwn || step === undefined ? index : lastSuccess(visits, step, startOf(definition, visits, index));
    const visit = visits[at];
    if (step !== undefined && visit !== undefined && Object.hasOwn(visit, 'reply')) {
      return { results, replaced, visits: visits.with(at, { ...visit, reply: value }) };
    }
  }
  return { results: { ...results, [as]: value }, visits, replaced };
}

/** The index of the last success of a step among the visits before `before`; -1 for none. */
export function lastSuccess(visits: readonly Visit[], step: string, before: number): number {
  for (let at = before - 1; at >= 0; at -= 1) {
    const visit = visits[at];
    if (visit?.step === step && visit.action.state === 'succeeded') return at;
  }
  return -1;
}

/**
 * Where the visit began: everything before had come to its end by then. The arms of a parallel begin together, so none sees
 * what another one replied.
 */
function startOf(definition: AnySaga, visits: readonly Visit[], index: number): number {
  const parallel = armsParallel(definition, visits[index]?.step ?? '');
  if (parallel === undefined) return index;
  for (let at = index - 1; at >= 0; at -= 1) {
    if (visits[at]?.step === parallel) return at;
  }
  return index;
}

/** What a visit that has succeeded replied. */
function replyOf(visit: Visit, { results }: Known, as: string): unknown {
  return Object.hasOwn(visit, 'reply') ? visit.reply : results[as];
}

function withReplaced(data: SagaData, replaced: readonly ReplacedValue[], index: number): SagaData {
  let seen = data;
  const isOlder = new Set<string>();
  for (const old of replaced) {
    // The oldest of those that were still there.
    if (index >= old.visits || isOlder.has(old.as)) continue;
    isOlder.add(old.as);
    seen = Object.hasOwn(old, 'value') ? { ...seen, [old.as]: old.value } : without(seen, old.as);
  }
  return seen;
}

function without(data: SagaData, as: string): SagaData {
  const { [as]: _, ...rest } = data;
  return { ...rest, input: data.input };
}
