import { sagaIdProblem } from '@skald/core';
import { type Endings, noEndings } from './endings.js';
import type { Hostile } from './kinds/index.js';
import { EFFECTS } from './sagas.js';
import { INBOUND, type RawRecord, type World } from './world.js';

/** A hostile record as it was sent. */
export interface Sent {
  readonly hostile: Hostile;
  readonly record: RawRecord;
}

export interface GoodSagaRun {
  readonly id: string;
  readonly ends: 'completed' | 'compensated';
}

/** Counts how each hostile message ended. One that ended in nothing, though it had to be told, is a violation. */
export async function judgeHostiles(
  world: World,
  sent: readonly Sent[],
  good: readonly GoodSagaRun[],
  violations: string[],
): Promise<Map<string, Endings>> {
  const dead = new Set<string>();
  for (const topic of INBOUND) {
    for (const { key } of await world.deadLetters(topic)) if (key !== null) dead.add(key);
  }
  const answered = new Set<string>();
  for (const { value } of [...(await world.stored('events')), ...(await world.stored('replies'))]) {
    for (const id of answeredIds(value)) answered.add(id);
  }
  const names = sent.map(({ record }) => namesOf(record));
  const done = new Set((await world.effects()).map(({ commandId }) => commandId));
  const goods = new Set(good.map(({ id }) => id));
  const begun = await sagasAmong(world, names);
  const endings = new Map<string, Endings>();
  for (const [n, { hostile, record }] of sent.entries()) {
    const { id = '', sagaid = '' } = names[n] ?? {};
    const counts = endings.get(hostile.kind) ?? noEndings();
    endings.set(hostile.kind, counts);
    counts.sent += 1;
    if (dead.has(record.key)) counts.deadLetter += 1;
    else if (done.has(id) || (begun.has(sagaid) && !goods.has(sagaid))) counts.effect += 1;
    else if (answered.has(id)) counts.answer += 1;
    else {
      counts.ignored += 1;
      if (!hostile.mayBeIgnored) {
        violations.push(`'${hostile.kind}' ended in nothing: ${JSON.stringify(shown(record))}`);
      }
    }
  }
  return endings;
}

/** Each effect of a good saga stands in the participant's ledger once, in order. */
export async function judgeEffects(
  world: World,
  good: readonly GoodSagaRun[],
  violations: string[],
): Promise<void> {
  const bySaga = new Map<string, string[]>(good.map(({ id }) => [id, []]));
  for (const { sagaId, type } of await world.effects()) bySaga.get(sagaId)?.push(type);
  const wrong = good.flatMap(({ id, ends }) => {
    const types = bySaga.get(id)?.join(', ');
    return types === EFFECTS[ends].join(', ') ? [] : [`${id}, which ${ends}, has done ${types || 'nothing'}`];
  });
  if (wrong.length > 0) violations.push(`${wrong.length} ledgers are wrong: ${wrong.slice(0, 3).join('; ')}`);
}

/** A record for people. */
export function shown({ topic, value, headers, compression }: RawRecord): object {
  const entries = Object.entries(headers).slice(0, 25);
  return {
    topic,
    ...(compression !== undefined && { compression }),
    bytes: value?.length ?? 0,
    value: value === null ? null : value.toString('utf8').slice(0, 500),
    headers: Object.fromEntries(entries.map(([name, one]) => [name.slice(0, 50), String(one).slice(0, 100)])),
  };
}

/** The requests or commands that a message answers. */
function answeredIds(value: string): string[] {
  if (!value.includes('"requestid"') && !value.includes('"commandid"')) return [];
  const { requestid, commandid } = textsOf(value);
  return [requestid, commandid].filter((id) => id !== undefined);
}

/** What a record says that it is called, and which saga it is about. */
function namesOf({ value, headers }: RawRecord): {
  readonly id?: string | undefined;
  readonly sagaid?: string | undefined;
} {
  const { ce_id: id, ce_sagaid: sagaid } = headers;
  if (typeof id === 'string' || typeof sagaid === 'string') {
    return { id: String(id), sagaid: String(sagaid) };
  }
  return typeof value === 'string' ? textsOf(value) : {};
}

function textsOf(json: string): Readonly<Partial<Record<string, string>>> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter(([, one]) => typeof one === 'string'));
  } catch {
    return {};
  }
}

const PAGE = 1_000;

async function sagasAmong(
  world: World,
  names: readonly { readonly sagaid?: string | undefined }[],
): Promise<ReadonlySet<string>> {
  const ids = [...new Set(names.flatMap(({ sagaid }) => (sagaid === undefined ? [] : [sagaid])))].filter(
    (id) => sagaIdProblem(id) === undefined,
  );
  const found = new Set<string>();
  for (let from = 0; from < ids.length; from += PAGE) {
    for (const { id } of await world.find(ids.slice(from, from + PAGE))) found.add(id);
  }
  return found;
}
