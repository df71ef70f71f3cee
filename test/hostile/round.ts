import { type Message, RequestType } from '@skald/core';
import type { Hostile } from './kinds.js';
import { NOT_PAID } from './sagas.js';
import type { Inbound, RawRecord, World } from './world.js';

/** How the messages of one kind ended. */
export interface Endings {
  sent: number;
  deadLetters: number;
  answered: number;
  /** Confirmed and nothing told: it had an effect, or was a well-formed message for nothing that is pending. */
  silent: number;
}

export interface RoundReport {
  readonly endings: ReadonlyMap<string, Endings>;
  readonly violations: readonly string[];
  /** From the first message until every good saga had ended. */
  readonly milliseconds: number;
}

export interface RoundOptions {
  /** Begins every name of the round. */
  readonly name: string;
  readonly goods: number;
  readonly hostiles: readonly Hostile[];
  /** How long the good sagas may take. */
  readonly patienceMs: number;
}

const PORTION = 500;

/** Sends hostile records among the starts of good sagas, waits until all is quiet, and judges. */
export async function runRound(
  world: World,
  { name, goods, hostiles, patienceMs }: RoundOptions,
): Promise<RoundReport> {
  const good = Array.from({ length: goods }, (_, n) => ({ id: `${name}-good-${n}`, turnsBack: n % 5 === 4 }));
  const bad = hostiles.map((hostile, n) => ({ hostile, key: `${name}-h-${n}` }));
  const begin = performance.now();
  await produceMixed(
    world,
    good.map(({ id, turnsBack }) => startOf(world, id, turnsBack)),
    bad.flatMap(({ hostile, key }, n) => {
      const record = { topic: hostile.topic, key, ...hostile.make(key, world.namespace) };
      // Every seventh comes twice.
      return n % 7 === 6 ? [record, record] : [record];
    }),
  );
  const violations: string[] = [];
  const ended = await until(patienceMs, async () => (await unfinished(world, good)).length === 0);
  const milliseconds = performance.now() - begin;
  const quiet = await until(patienceMs, async () => (await world.lag()) === 0 && (await world.owed()) === 0);
  if (!ended) {
    const open = await unfinished(world, good);
    violations.push(
      `${open.length} of ${goods} good sagas have not ended as they must: ${open.slice(0, 3).join('; ')}`,
    );
  }
  if (!quiet)
    violations.push(`lag ${await world.lag()}, outbox ${await world.owed()}: something is repeated for ever`);
  if (!world.isReady()) violations.push('orchestrator or participant is not ready');
  const endings = await judge(world, bad, violations);
  return { endings, violations, milliseconds };
}

function startOf(world: World, id: string, turnsBack: boolean): RawRecord {
  const item = turnsBack ? NOT_PAID : 'hat';
  const message: Message = {
    specversion: '1.0',
    id: `start of ${id}`,
    source: '/good',
    type: RequestType.start,
    namespace: world.namespace,
    sagaid: id,
    data: { definition: 'good', version: 1, input: { item } },
  };
  return { topic: 'requests', key: id, value: JSON.stringify(message), headers: {} };
}

async function produceMixed(
  world: World,
  good: readonly RawRecord[],
  bad: readonly RawRecord[],
): Promise<void> {
  const all: RawRecord[] = [];
  const longer = Math.max(good.length, bad.length);
  let taken = 0;
  for (let n = 0; n < longer; n += 1) {
    const own = good[n];
    const until = Math.ceil(((n + 1) * bad.length) / longer);
    all.push(...bad.slice(taken, until));
    taken = until;
    if (own !== undefined) all.push(own);
  }
  for (let from = 0; from < all.length; from += PORTION) await world.produce(all.slice(from, from + PORTION));
}

async function unfinished(
  world: World,
  good: readonly { readonly id: string; readonly turnsBack: boolean }[],
): Promise<string[]> {
  const open: string[] = [];
  for (let from = 0; from < good.length; from += 1_000) {
    const part = good.slice(from, from + 1_000);
    const found = await world.find(part.map(({ id }) => id));
    const status = new Map(found.map((instance) => [instance.id, instance.status]));
    for (const { id, turnsBack } of part) {
      const is = status.get(id) ?? 'not there';
      if (is !== (turnsBack ? 'compensated' : 'completed')) open.push(`${id} is ${is}`);
    }
  }
  return open;
}

/** Counts how each hostile message ended. One that ended in nothing, though it had to be told, is a violation. */
async function judge(
  world: World,
  bad: readonly { readonly hostile: Hostile; readonly key: string }[],
  violations: string[],
): Promise<Map<string, Endings>> {
  const dead = new Set<string>();
  for (const topic of ['requests', 'replies', 'commands'] satisfies Inbound[]) {
    for (const { key } of await world.deadLetters(topic)) if (key !== null) dead.add(key);
  }
  const answered = new Set<string>();
  for (const { value } of [...(await world.events()), ...(await world.replies())]) {
    for (const id of answeredIds(value)) answered.add(id);
  }
  const endings = new Map<string, Endings>();
  for (const { hostile, key } of bad) {
    const counts = endings.get(hostile.kind) ?? { sent: 0, deadLetters: 0, answered: 0, silent: 0 };
    endings.set(hostile.kind, counts);
    counts.sent += 1;
    if (dead.has(key)) counts.deadLetters += 1;
    else if (answered.has(key)) counts.answered += 1;
    else {
      counts.silent += 1;
      if (!hostile.mayBeSilent) {
        const { value } = hostile.make(key, world.namespace);
        violations.push(
          `'${hostile.kind}' on ${hostile.topic} ended in nothing: ${JSON.stringify(value.slice(0, 300))}`,
        );
      }
    }
  }
  return endings;
}

/** The requests or commands that a message answers. */
function answeredIds(value: string): string[] {
  if (!value.includes('"requestid"') && !value.includes('"commandid"')) return [];
  try {
    const { requestid, commandid } = JSON.parse(value) as Partial<Message>;
    return [requestid, commandid].filter((id) => id !== undefined);
  } catch {
    return [];
  }
}

async function until(patienceMs: number, holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return await holds();
}
