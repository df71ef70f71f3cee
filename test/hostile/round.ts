import { type Message, RequestType } from '@skald/core';
import type { EndingsByKind } from './endings.js';
import { type GoodSagaRun, judgeEffects, judgeHostiles, type Sent } from './judge.js';
import type { Hostile } from './kinds/index.js';
import { NOT_PAID } from './sagas.js';
import type { Inbound, RawRecord, Seen, World } from './world.js';

export interface RoundReport {
  readonly endings: EndingsByKind;
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
/** Of so many it is asked whether they have ended, before it is asked of all. */
const SAMPLE = 20;
const PAGE = 1_000;

/** Sends hostile records among the starts of good sagas, waits until all is quiet, and judges. */
export async function runRound(
  world: World,
  { name, goods, hostiles, patienceMs }: RoundOptions,
): Promise<RoundReport> {
  const good = Array.from({ length: goods }, (_, n): GoodSagaRun => {
    return { id: `${name}-good-${n}`, ends: n % 5 === 4 ? 'compensated' : 'completed' };
  });
  const bad = hostiles.map((hostile, n) => ({
    hostile,
    key: `${name}-h-${n}`,
    good: good[n % goods]?.id ?? '',
  }));
  const sent: Sent[] = [];
  const make = (when: Hostile['when'], real: Partial<Record<Inbound, readonly Seen[]>>): RawRecord[] =>
    bad
      .filter(({ hostile }) => hostile.when === when)
      .flatMap(({ hostile, key, good: id }, n) => {
        const place = { name: key, namespace: world.namespace, good: id, real: real[hostile.topic] ?? [] };
        const record: RawRecord = { topic: hostile.topic, key, ...hostile.make(place) };
        sent.push({ hostile, record });
        // Every seventh comes twice.
        return n % 7 === 6 ? [record, record] : [record];
      });
  const again = async (when: Hostile['when']): Promise<void> => {
    if (bad.every(({ hostile }) => hostile.when !== when)) return;
    await world.produce(make(when, await realOf(world, good)));
  };

  const starts = good.map((run) => startOf(world, run));
  const first = make('first', {});
  const begin = performance.now();
  await produceMixed(world, starts, first);
  await again('amid');
  const isQuiet = async (): Promise<boolean> => (await world.lag()) === 0 && (await world.owed()) === 0;
  const open = new OpenSagas(world, good);
  const ended = await until(patienceMs, () => open.haveEnded());
  const milliseconds = performance.now() - begin;
  await again('after');
  const quiet = await until(patienceMs, isQuiet);

  const violations: string[] = [];
  if (!ended) violations.push(await open.text());
  if (!quiet) {
    violations.push(`lag ${await world.lag()}, outbox ${await world.owed()}: something is repeated for ever`);
  }
  const problem = world.problem();
  if (problem !== undefined) violations.push(problem);
  const endings = await judgeHostiles(world, sent, good, violations);
  await judgeEffects(world, good, violations);
  const changed = await new OpenSagas(world, good).text();
  if (ended && changed !== '') violations.push(`afterwards, ${changed}`);
  return { endings, violations, milliseconds };
}

function startOf(world: World, { id, ends }: GoodSagaRun): RawRecord {
  const item = ends === 'compensated' ? NOT_PAID : 'hat';
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

/** What the good sagas have caused until now, once there is something. */
async function realOf(world: World, good: readonly GoodSagaRun[]): Promise<Record<Inbound, readonly Seen[]>> {
  const ids = new Set(good.map(({ id }) => id));
  const realIn = async (topic: Inbound): Promise<readonly Seen[]> => {
    let own: readonly Seen[] = [];
    await until(10_000, async () => {
      own = (await world.stored(topic)).filter(({ key }) => key !== null && ids.has(key));
      return own.length > 0 || good.length === 0;
    });
    return own;
  };
  return {
    requests: await realIn('requests'),
    commands: await realIn('commands'),
    replies: await realIn('replies'),
  };
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

/** Those that have not yet ended as they must. */
class OpenSagas {
  constructor(
    private readonly world: World,
    private runs: readonly GoodSagaRun[],
  ) {}

  async haveEnded(): Promise<boolean> {
    const stride = Math.ceil(this.runs.length / SAMPLE);
    const sample = this.runs.filter((_, n) => (this.runs.length - 1 - n) % stride === 0);
    if ((await this.openOf(sample)).length > 0) return false;
    this.runs = (await this.openOf(this.runs)).map(({ run }) => run);
    return this.runs.length === 0;
  }

  /** Empty when there is none. */
  async text(): Promise<string> {
    const open = await this.openOf(this.runs);
    if (open.length === 0) return '';
    const some = open.slice(0, 3).map(({ run: { id, ends }, is }) => `${id} is ${is} and not ${ends}`);
    return `${open.length} good sagas have not ended as they must: ${some.join('; ')}`;
  }

  private async openOf(runs: readonly GoodSagaRun[]): Promise<{ run: GoodSagaRun; is: string }[]> {
    const open = [];
    for (let from = 0; from < runs.length; from += PAGE) {
      const part = runs.slice(from, from + PAGE);
      const found = await this.world.find(part.map(({ id }) => id));
      const status = new Map(found.map((instance) => [instance.id, instance.status]));
      for (const run of part) {
        const is = status.get(run.id) ?? 'not there';
        if (is !== run.ends) open.push({ run, is });
      }
    }
    return open;
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
