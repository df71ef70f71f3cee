import { percentilesOf } from '../../bench/percentiles.js';
import type { Violation } from './checks/index.js';
import { KINDS, kindOf } from './kinds/index.js';
import type { Load } from './load.js';
import type { ChaosOptions } from './options.js';
import type { Recovery } from './recovery.js';
import type { Replica } from './replica.js';

export interface RunReport {
  readonly options: ChaosOptions;
  readonly load: Load;
  readonly recovered: readonly Recovery[];
  readonly replicas: readonly Replica[];
  /** Orchestrators that were killed and took long to come back though all that they need was there. */
  readonly slowBoots: readonly string[];
  /** Messages that were stored in the command topics. */
  readonly commandsSent: number;
  /** Seconds from the end of load and faults until every saga had ended. */
  readonly drainedInS: number;
  readonly violations: readonly { readonly check: string; readonly found: readonly Violation[] }[];
}

const INTERVAL_S = 10;

export function commandsNeeded(sagas: number): number {
  let needed = 0;
  for (let number = 0; number < sagas; number += 1) needed += kindOf(number).commands;
  return needed;
}

/** The run, for people. */
export function reportText(report: RunReport): string {
  return [
    ...summary(report),
    '',
    ...boots(report.replicas),
    '',
    ...recoveryTable(report.recovered),
    '',
    ...throughput(report.load),
    '',
    ...violationText(report.violations),
  ].join('\n');
}

function summary({ options, load, commandsSent, drainedInS }: RunReport): string[] {
  const byOutcome = new Map<string, number>();
  for (const [id, { status }] of load.heard) {
    const kind = kindOf(Number(id.slice('order-'.length))).saga.name;
    const key = `${kind} ${status}`;
    byOutcome.set(key, (byOutcome.get(key) ?? 0) + 1);
  }
  const healthy = [...load.heard].filter(
    ([id, { status }]) =>
      status === 'compensated' && kindOf(Number(id.slice('order-'.length))).ends === 'completed',
  ).length;
  const needed = commandsNeeded(load.startedSagas);
  const { p50, p95, p99 } = percentilesOf([...load.heard.values()].map(({ latencyMs }) => latencyMs));
  const { minutes, seed, rate } = options;
  const outcomes = [...byOutcome]
    .map(([key, count]) => `${key} ${count}`)
    .toSorted((a, b) => a.localeCompare(b));
  return [
    `seed ${seed}, ${minutes} min at ${rate} sagas/s: ${load.startedSagas} started, ${load.heard.size} heard to end`,
    `outcomes: ${outcomes.join(', ')} (kinds: ${KINDS.map(({ saga, share }) => `${saga.name} ${share} %`).join(', ')})`,
    `healthy sagas compensated: ${healthy}`,
    `commands: ${commandsSent} sent, ${needed} needed, factor ${(commandsSent / needed).toFixed(3)}`,
    `latency: p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`,
    `drained ${drainedInS.toFixed(1)} s after the last start and the last fault`,
  ];
}

function boots(replicas: readonly Replica[]): string[] {
  return replicas.map(({ name, boots: all, endedByItself }) => {
    const seconds = all.map(({ milliseconds }) => (milliseconds / 1_000).toFixed(1)).join(', ');
    const crashes = endedByItself === 0 ? '' : `; ended by itself ${endedByItself} times`;
    return `${name.padEnd(16)} ready after ${seconds} s${crashes}`;
  });
}

function recoveryTable(recovered: readonly Recovery[]): string[] {
  const lines = recovered.map(({ fault, seconds, isDisturbed }) => {
    const times = `${at(fault.from)} to ${at(fault.to)}`;
    const back = seconds === undefined ? 'never' : `${seconds} s`;
    const who = `${fault.name}, ${fault.what}`;
    return `${String(fault.number).padStart(3)}  ${who.padEnd(28)} ${times.padEnd(18)} ${back.padStart(6)}${isDisturbed ? ' *' : ''}`;
  });
  const alone = recovered.filter(({ isDisturbed }) => !isDisturbed);
  const longest = Math.max(0, ...alone.map(({ seconds = Number.POSITIVE_INFINITY }) => seconds));
  return [
    `${recovered.length} faults, and how long after the end of each sagas ended at full rate (* others struck meanwhile):`,
    ...lines,
    `longest of those that were alone (${alone.length}): ${longest} s`,
  ];
}

function throughput({ dueBySecond, endedBySecond, heard }: Load): string[] {
  const lines: string[] = [`second   started   ended   open`];
  let open = 0;
  const last = Math.max(dueBySecond.length, endedBySecond.length);
  for (let from = 0; from < last; from += INTERVAL_S) {
    const started = sum(dueBySecond.slice(from, from + INTERVAL_S));
    const ended = sum(endedBySecond.slice(from, from + INTERVAL_S));
    open += started - ended;
    lines.push([from, started, ended, open].map((one) => String(one).padStart(7)).join(' '));
  }
  lines.push(
    `longest time in which no saga ended: ${longestStandstill(endedBySecond)} s; heard ${heard.size}`,
  );
  return lines;
}

function longestStandstill(endedBySecond: readonly number[]): number {
  let longest = 0;
  let current = 0;
  for (const ended of endedBySecond) {
    current = ended === 0 ? current + 1 : 0;
    longest = Math.max(longest, current);
  }
  return longest;
}

function violationText(violations: RunReport['violations']): string[] {
  if (violations.every(({ found }) => found.length === 0)) return ['no violation'];
  return violations.flatMap(({ check, found }) => {
    if (found.length === 0) return [];
    const kinds = new Map<string, number>();
    for (const { what } of found) kinds.set(what, (kinds.get(what) ?? 0) + 1);
    return [...kinds].map(([what, count]) => `VIOLATION of ${check}, ${count} times: ${what}`).slice(0, 20);
  });
}

function at(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}
