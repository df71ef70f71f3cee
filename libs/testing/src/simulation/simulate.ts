import { type AnySaga, findNode, type InputOf, type transition } from '@skald/core';
import type { Store, Transport } from '@skald/ports';
import { DefinitionRegistry } from '@skald/runtime';
import { DEFAULT_FAULTS, type FaultKind, type FaultRates } from './faults.js';
import { violations } from './invariants.js';
import { KeyedRandom } from './keyed-random.js';
import type { Life } from './observed-store.js';
import type { SimulatedData } from './outside-world.js';
import { contractsOf, type SimulatedReplies } from './participants.js';
import { type Outcome, runOnce, type RunSettings } from './run.js';
import { type FoundRun, shortest } from './shrink.js';

export interface SimulationOptions<S extends AnySaga = AnySaga> {
  /** A whole number. The same seed gives the same runs, to the byte. */
  readonly seed: number;
  /** How many runs. Each has faults of its own. */
  readonly runs: number;
  /** The number of the first run, to repeat single runs. Default: 1. */
  readonly firstRun?: number;
  /** The input of the saga, or a function that makes one for each run. */
  readonly input: InputOf<S> | ((random: KeyedRandom) => InputOf<S>);
  /**
   * What participants reply, by the type of the command. Needed for contracts whose reply has fields that are checked;
   * others get an empty object.
   */
  readonly participants?: SimulatedReplies;
  /** Data of signals and requests of calls, by their names. Default: empty objects. */
  readonly outside?: SimulatedData;
  /**
   * What only a newer build knows, such as the next version of the saga. In some runs processes of the older build are
   * replaced while sagas run. Default: there is one build.
   */
  readonly newer?: readonly AnySaga[];
  /** How likely each fault is wherever it could happen, from 0 to 1. What is not said is as in `DEFAULT_FAULTS`. */
  readonly faults?: Partial<FaultRates>;
  /** How many orchestrators share the database. Default: 2. */
  readonly processes?: number;
  /** @internal Breaks the engine, for tests that the simulation notices. */
  readonly mutation?: Mutation;
}

/** A way to break the engine. */
export interface Mutation {
  readonly transition?: typeof transition;
  readonly store?: (store: Store) => Store;
  readonly transport?: (transport: Transport) => Transport;
}

/** What a simulation came to. */
export interface SimulationReport {
  readonly seed: number;
  /** How many runs were done: fewer than asked for when one was violated. */
  readonly runs: number;
  /** How the sagas ended, by status. `running` and `compensating` wait for a signal or a child that never comes. */
  readonly ended: Readonly<Record<string, number>>;
  /** How many faults were injected. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  /** In how many runs each construct of the language was used. */
  readonly constructs: Readonly<Record<string, number>>;
  /** A checksum of everything that happened in all runs. */
  readonly fingerprint: string;
  readonly violation?: Violation;
}

/** A promise that was not kept. */
export interface Violation {
  readonly seed: number;
  readonly run: number;
  /** What does not hold, in sentences. */
  readonly problems: readonly string[];
  /** The faults of the shortest run found. */
  readonly faults: readonly string[];
  /** Seed, run, problems and the shortest run found, for people. */
  readonly text: string;
}

/**
 * Runs a saga again and again on a simulated system, in virtual time: real engines on a store in memory, a broker that
 * loses, doubles and delays, participants that say no, fail and stay silent, processes that are killed at every crash
 * point, clocks that differ. Until nothing is due any more; then checks what must hold after any history.
 *
 *     const report = await simulate(OrderSaga, {
 *       seed: 1,
 *       runs: 100,
 *       input: { item: 'hat' },
 *       participants: { 'stock.reserve': () => ({ reservationId: 'r-1' }) },
 *     });
 *     expect(report.violation?.text).toBeUndefined();
 *
 * @param sagas the saga to start; the sagas that it runs as children follow it
 * @throws DefinitionError when a command's reply must have data and `participants` has none
 */
export async function simulate<S extends AnySaga>(
  sagas: S | readonly [S, ...AnySaga[]],
  options: SimulationOptions<S>,
): Promise<SimulationReport> {
  const settings = settingsOf(sagas, options);
  const { seed, runs, firstRun = 1 } = options;
  const tally = new Tally(settings);
  for (let run = firstRun; run < firstRun + runs; run += 1) {
    const runSeed = seedOf(seed, run);
    const outcome = await runOnce(settings, runSeed);
    tally.count(outcome);
    const problems = violations(outcome, settings.definitions);
    if (problems.length > 0) {
      const found = await shortest(settings, runSeed, { outcome, problems });
      return tally.report(seed, violationOf(seed, run, found));
    }
  }
  return tally.report(seed);
}

function settingsOf<S extends AnySaga>(
  given: S | readonly [S, ...AnySaga[]],
  options: SimulationOptions<S>,
): RunSettings {
  const sagas: readonly [AnySaga, ...AnySaga[]] = isList(given) ? given : [given];
  const { input, participants = {}, outside = {}, newer = [], mutation } = options;
  const all = [...sagas, ...newer];
  return {
    sagas,
    definitions: registryOf(all),
    older: newer.length > 0 ? registryOf(sagas) : undefined,
    contracts: contractsOf(all, participants),
    faults: { ...DEFAULT_FAULTS, ...options.faults },
    processes: options.processes ?? 2,
    input: (random) => (typeof input === 'function' ? input(random) : input),
    replies: participants,
    data: outside,
    decorateStore: mutation?.store,
    decorateTransport: mutation?.transport,
    transition: mutation?.transition,
  };
}

function registryOf(sagas: readonly AnySaga[]): DefinitionRegistry {
  const registry = new DefinitionRegistry();
  for (const saga of sagas) registry.register(saga);
  return registry;
}

function isList<S extends AnySaga>(
  given: S | readonly [S, ...AnySaga[]],
): given is readonly [S, ...AnySaga[]] {
  return Array.isArray(given);
}

function seedOf(seed: number, run: number): number {
  return Math.floor(new KeyedRandom(seed).number(`run ${run}`) * 0x1_0000_0000);
}

function violationOf(seed: number, run: number, { outcome, problems }: FoundRun): Violation {
  const faults = outcome.faults.map(({ key }) => key);
  const text = [
    `Seed ${seed}, run ${run}:`,
    ...problems.map((problem) => `- ${problem}`),
    `The shortest run found has ${faults.length} faults:`,
    outcome.journal.timeline(),
  ].join('\n');
  return { seed, run, problems, faults, text };
}

/** Counts what happened over all runs. */
class Tally {
  private runs = 0;
  private fingerprint = 0x811c9dc5;
  private readonly ended: Record<string, number> = {};
  private readonly faults: Partial<Record<FaultKind, number>> = {};
  private readonly constructs: Record<string, number> = {};

  constructor(private readonly settings: RunSettings) {}

  count(outcome: Outcome): void {
    this.runs += 1;
    this.fingerprint = outcome.journal.fingerprint(this.fingerprint);
    const status = outcome.main?.status ?? 'never started';
    this.ended[status] = 1 + (this.ended[status] ?? 0);
    for (const { kind } of outcome.faults) this.faults[kind] = 1 + (this.faults[kind] ?? 0);
    const used = new Set<string>();
    for (const life of outcome.store.lives()) this.noteConstructs(life, used);
    for (const construct of used) this.constructs[construct] = 1 + (this.constructs[construct] ?? 0);
  }

  report(seed: number, violation?: Violation): SimulationReport {
    return {
      seed,
      runs: this.runs,
      ended: this.ended,
      faults: this.faults,
      constructs: this.constructs,
      fingerprint: this.fingerprint.toString(16).padStart(8, '0'),
      ...(violation && { violation }),
    };
  }

  private noteConstructs({ instance, history }: Life, used: Set<string>): void {
    const { name, version } = instance.definition;
    const definition = this.settings.definitions.find(name, version);
    if (definition === undefined) return;
    for (const { step, visit, undo, probe, action } of instance.visits) {
      const node = findNode(definition, step);
      if (node === undefined) continue;
      used.add(node.kind === 'step' && node.class !== 'compensatable' ? node.class : node.kind);
      if (visit > 1) used.add('several visits');
      if (undo !== undefined) used.add('undo');
      if (probe !== undefined) used.add('probe');
      if (action.state === 'rejected' && node.kind === 'step' && action.code !== undefined) {
        if (node.onRejected[action.code] !== undefined) used.add('onRejected');
      }
      if (action.state === 'unknown') used.add('unknown');
    }
    for (const { cause, failure, effects } of history) {
      if (cause.kind === 'signal' || cause.kind === 'call' || cause.kind === 'cancel') used.add(cause.kind);
      if (failure?.outcome === 'deadline') used.add('deadline');
      if (effects.some(({ kind }) => kind === 'retry')) used.add('retry');
    }
  }
}
