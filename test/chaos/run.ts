import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HistoryEntry, timelineText } from '@skald/core';
import { KeyedRandom } from '@skald/testing';
import { CHECKS } from './checks/index.js';
import { Cluster } from './cluster.js';
import { Load } from './load.js';
import type { ChaosOptions } from './options.js';
import { recoveries } from './recovery.js';
import { commandsNeeded, reportText, type RunReport } from './report.js';
import { type PastFault, storm } from './storm.js';
import { TopicEnds } from './topic-ends.js';

/** Nobody waits longer than this for a system that has come to a halt. */
const DRAIN_WITHIN_MS = 600_000;
const MOST_COMMANDS = 1.1;
const RECOVERS_WITHIN_S = 15;
const BOOTS_WITHIN_MS = 3_000;
const PROGRESS_MS = 10_000;

/** Runs load and faults, waits until all has come to rest, and checks what is left. @returns whether all held */
export async function runChaos(options: ChaosOptions, say: (line: string) => void): Promise<boolean> {
  const namespace = `chaos-${options.seed}`;
  const logFolder = join(tmpdir(), `skald-${namespace}-${process.pid}`);
  const cluster = await Cluster.start({ namespace, logFolder });
  say(`the processes' lines are in ${logFolder}`);
  const warn = (line: string): void => say(`load: ${line}`);
  const load = new Load({
    ...options,
    namespace,
    brokers: cluster.brokers,
    log: { log: () => undefined, warn, error: warn },
  });
  const topicEnds = new TopicEnds(cluster.brokers);
  try {
    await load.connect();
    const report = await runLoad(options, cluster, load, topicEnds, say);
    say(reportText(report));
    await sayFirst(report, cluster, say);
    return holds(report, say);
  } finally {
    await load.close();
    await topicEnds.close();
    await cluster.stop();
  }
}

async function runLoad(
  options: ChaosOptions,
  cluster: Cluster,
  load: Load,
  topicEnds: TopicEnds,
  say: (line: string) => void,
): Promise<RunReport> {
  const runMs = options.minutes * 60_000;
  const sayAt = (line: string): void => say(`${(load.now / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  const progress = setInterval(() => {
    sayAt(`${load.startedSagas} started, ${load.heard.size} ended, ${load.openSagas} open`);
  }, PROGRESS_MS);
  try {
    const random = new KeyedRandom(options.seed);
    const running = load.run(runMs);
    const faults = await storm(cluster, load, random, runMs, sayAt);
    await running;
    const from = performance.now();
    sayAt('load and faults are over');
    await drained(load);
    const drainedInS = (performance.now() - from) / 1_000;
    await topicEnds.connect();
    const violations = [];
    for (const check of CHECKS) {
      violations.push({ check: check.name, found: await check.run({ cluster, load, topicEnds }) });
    }
    const commands = await topicEnds.stored('.commands');
    return {
      options,
      load,
      recovered: recoveries(faults, {
        dueBySecond: load.dueBySecond,
        endedBySecond: load.endedBySecond,
        rate: options.rate,
      }),
      replicas: cluster.replicas,
      slowBoots: slowBoots(cluster, load, faults),
      commandsSent: [...commands.values()].reduce((sum, one) => sum + one, 0),
      drainedInS,
      violations,
    };
  } finally {
    clearInterval(progress);
  }
}

/** Starts of killed orchestrators that took long though Kafka and PostgreSQL were there. */
function slowBoots(
  { replicas }: Cluster,
  { begunAt }: Load,
  faults: readonly PastFault[],
): readonly string[] {
  const outages = faults.filter(({ name }) => name.endsWith(' killed'));
  return replicas.flatMap(({ name, boots: [_, ...again] }) => {
    if (!name.startsWith('orchestrator')) return [];
    return again.flatMap(({ at, milliseconds }) => {
      const [from, to] = [at - begunAt, at - begunAt + milliseconds];
      const isHeldUp = outages.some((outage) => outage.from < to && outage.to > from);
      if (isHeldUp || milliseconds <= BOOTS_WITHIN_MS) return [];
      return [`${name} was ready after ${(milliseconds / 1_000).toFixed(1)} s`];
    });
  });
}

async function drained(load: Load): Promise<void> {
  const until = performance.now() + DRAIN_WITHIN_MS;
  while (load.openSagas > 0 && performance.now() < until) await sleep(200);
}

/** The whole story of the first saga that shows a violation. */
async function sayFirst(
  { violations }: RunReport,
  cluster: Cluster,
  say: (line: string) => void,
): Promise<void> {
  const first = violations.flatMap(({ found }) => found).find(({ sagaId }) => sagaId !== undefined);
  if (first?.sagaId === undefined) return;
  const rows = await cluster.query<{
    sequence: number;
    at: Date;
    entry: Omit<HistoryEntry, 'sequence' | 'at'>;
  }>('orchestrator', 'SELECT sequence, at, entry FROM skald_history WHERE saga_id = $1 ORDER BY sequence', [
    first.sagaId,
  ]);
  say(`\n${first.sagaId}: ${first.what}`);
  for (const { sequence, at, entry } of rows) {
    const text = timelineText({ sequence, at: at.getTime(), ...entry });
    say(`  ${at.toISOString()}  ${sequence}  ${entry.status}  ${text}`);
  }
}

function holds(report: RunReport, say: (line: string) => void): boolean {
  const { violations, commandsSent, load, recovered, replicas, slowBoots } = report;
  const problems: string[] = [];
  if (violations.some(({ found }) => found.length > 0)) problems.push('what must hold does not');
  const factor = commandsSent / commandsNeeded(load.startedSagas);
  if (factor > MOST_COMMANDS) problems.push(`${factor.toFixed(2)} times the commands that are needed`);
  const slow = recovered.filter(
    ({ seconds = Number.POSITIVE_INFINITY, isDisturbed }) => !isDisturbed && seconds > RECOVERS_WITHIN_S,
  );
  if (slow.length > 0) problems.push(`after ${slow.length} faults the throughput was not back within 15 s`);
  problems.push(...slowBoots);
  if (replicas.some(({ endedByItself }) => endedByItself > 0)) problems.push('a process has ended by itself');
  say(problems.length === 0 ? '\nAll held.' : `\nNOT HELD: ${problems.join('; ')}`);
  return problems.length === 0;
}
