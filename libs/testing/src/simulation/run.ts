import {
  type AnySaga,
  type CommandContract,
  definitionRef,
  isEnded,
  LifecycleType,
  type Message,
  parseId,
  type SagaInstance,
  topics,
  transition,
} from '@skald/core';
import { MemoryStore } from '@skald/memory';
import type { Changes, DeadLetter, Store, Transport } from '@skald/ports';
import type { DefinitionRegistry } from '@skald/runtime';
import { type Arrived, Bus } from './bus.js';
import { EventLoop } from './event-loop.js';
import { type FaultRates, Faults, type InjectedFault } from './faults.js';
import { Journal } from './journal.js';
import { KeyedRandom } from './keyed-random.js';
import { Ledger } from './ledger.js';
import { ObservedStore } from './observed-store.js';
import { OutsideWorld, type SimulatedData } from './outside-world.js';
import { PARTICIPANT, Participants, type SimulatedReplies } from './participants.js';
import { Process } from './process.js';
import { Rollout } from './rollout.js';
import { withStableIncarnations } from './stable-incarnations.js';

/** What all runs of a simulation share. */
export interface RunSettings {
  readonly sagas: readonly [AnySaga, ...AnySaga[]];
  /** What processes of the newer build know, and so all of them in the end. */
  readonly definitions: DefinitionRegistry;
  /** What those of the older build know. Absent when there is one build only. */
  readonly older: DefinitionRegistry | undefined;
  readonly contracts: ReadonlyMap<string, CommandContract>;
  readonly faults: FaultRates;
  readonly processes: number;
  readonly input: (random: KeyedRandom) => object;
  readonly replies: SimulatedReplies;
  readonly data: SimulatedData;
  readonly decorateStore: ((store: Store) => Store) | undefined;
  readonly decorateTransport: ((transport: Transport) => Transport) | undefined;
  readonly transition: typeof transition | undefined;
}

/** How the world looks when a run has come to rest. */
export interface Outcome {
  readonly main: SagaInstance | undefined;
  readonly store: ObservedStore;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly faults: readonly InjectedFault[];
  /** Codes and reasons of messages that nobody could handle. */
  readonly deadLetters: readonly DeadLetter[];
  /** Types of the lifecycle events of each instance, see `lifeName`. */
  readonly announced: ReadonlyMap<string, ReadonlySet<string>>;
  /** Answers to calls, by the id of the call. */
  readonly answers: ReadonlyMap<string, ReadonlySet<string>>;
  /** False when something was still due when the patience was over. */
  readonly cameToRest: boolean;
  readonly events: number;
}

export const NAMESPACE = 'simulation';
export const MAIN_ID = 'main';
const BEGIN = Date.parse('2026-01-01T00:00:00Z');
/** After this virtual time no fault happens any more, and everything that is still tried works. */
const FAULTS_END_MS = 120_000;
/** Longer than three attempts of a saga, each with its timeout. */
const LONGEST_OUTAGE_MS = 60_000;
/** Less than an outage, so that what has ended during one is old enough when it is over. */
const RETENTION_MS = 15_000;
const PATIENCE_MS = 3 * 3_600_000;
const PATIENCE_EVENTS = 50_000;

/** Runs one world until nothing is due. */
export async function runOnce(
  settings: RunSettings,
  seed: number,
  without: ReadonlySet<string> = new Set(),
): Promise<Outcome> {
  const world = new World(settings, seed, without);
  return await world.run();
}

/** Several orchestrators, a broker, a database, participants and the people outside. */
class World {
  private readonly loop = new EventLoop(BEGIN);
  private readonly random: KeyedRandom;
  private readonly journal = new Journal(() => this.loop.now());
  private readonly ledger = new Ledger();
  private readonly faults: Faults;
  private readonly store: ObservedStore;
  private readonly bus: Bus;
  private readonly participants: Participants;
  private readonly outside: OutsideWorld;
  private readonly processes: (Process | undefined)[] = [];
  /** What arrives while no process is alive. */
  private readonly backlog: Arrived[] = [];
  private readonly deadLetters: DeadLetter[] = [];
  private readonly announced = new Map<string, Set<string>>();
  private readonly answers = new Map<string, Set<string>>();
  /** How often each id has been removed. */
  private readonly removed = new Map<string, number>();
  private restarts = 0;
  private databaseIsBackAt = 0;
  private readonly rollout: Rollout;
  private readonly retentionMs: number | undefined;

  constructor(
    private readonly settings: RunSettings,
    seed: number,
    without: ReadonlySet<string>,
  ) {
    const { loop, journal } = this;
    this.random = new KeyedRandom(seed);
    const { random, ledger } = this;
    this.faults = new Faults(
      settings.faults,
      random,
      without,
      () => loop.now() >= BEGIN + FAULTS_END_MS,
      (text) => journal.note('!', text),
    );
    const { faults } = this;
    this.retentionMs = faults.strikes('id used again', MAIN_ID) ? RETENTION_MS : undefined;
    this.store = new ObservedStore(
      new MemoryStore({ now: () => loop.now(), isConcurrent: true }),
      (changes) => this.onCommitted(changes),
    );
    this.rollout = new Rollout({
      loop,
      faults,
      random,
      newer: settings.definitions,
      older: settings.older,
      processOf: (slot) => this.processes[slot],
    });
    this.bus = new Bus({
      loop,
      faults,
      random,
      deliver: (arrived) => this.deliver(arrived),
      canBeLost: ({ topic, message }) => topic.endsWith('.commands') || message.source === PARTICIPANT,
    });
    const { bus } = this;
    this.participants = new Participants({
      loop,
      faults,
      random,
      ledger,
      bus,
      contracts: settings.contracts,
      replies: settings.replies,
      note: (text) => journal.note('participant', text),
    });
    this.outside = new OutsideWorld({
      namespace: NAMESPACE,
      loop,
      faults,
      random,
      bus,
      data: settings.data,
    });
  }

  async run(): Promise<Outcome> {
    const { settings, loop, store, ledger, journal, deadLetters, announced, answers } = this;
    for (let slot = 0; slot < settings.processes; slot += 1) {
      this.rollout.plan(slot);
      this.boot(slot, 1);
    }
    this.planOutages();
    this.startMain(1);
    let cameToRest = false;
    while (loop.now() < BEGIN + PATIENCE_MS && loop.count < PATIENCE_EVENTS) {
      if (this.isAtRest()) {
        cameToRest = true;
        break;
      }
      if (!(await loop.step())) break;
    }
    return {
      main: store.lives().findLast(({ instance }) => instance.id === MAIN_ID)?.instance,
      store,
      ledger,
      journal,
      faults: this.faults.injected,
      deadLetters,
      announced,
      answers,
      cameToRest,
      events: loop.count,
    };
  }

  private isAtRest(): boolean {
    if (this.bus.underway > 0 || this.participants.busy > 0 || this.outside.planned > 0) return false;
    if (this.store.underway > 0 || this.store.kept > 0 || this.rollout.underway > 0) return false;
    if (this.restarts > 0 || this.backlog.length > 0 || this.store.owedRows.size > 0) return false;
    if (this.processes.some((process) => process !== undefined && process.waiting > 0)) return false;
    for (const { wakeAt } of this.store.instances.values()) if (wakeAt !== null) return false;
    return !this.isToBeRemoved();
  }

  /** Whether the saga has ended and its id is to be used again. */
  private isToBeRemoved(): boolean {
    if (this.retentionMs === undefined || this.livesOf(MAIN_ID) >= this.wantedLives()) return false;
    const main = this.store.instances.get(MAIN_ID);
    return main !== undefined && isEnded(main.status);
  }

  private wantedLives(): number {
    return this.random.between(2, 3, 'lives');
  }

  /** How many instances of the id have begun, if there is one now. */
  private livesOf(id: string): number {
    return 1 + (this.removed.get(id) ?? 0);
  }

  private startMain(life: number): void {
    const { settings, random } = this;
    const input = settings.input(random.inside(life === 1 ? 'input' : `input of life ${life}`));
    this.outside.start(MAIN_ID, settings.sagas[0], input, life);
  }

  private planOutages(): void {
    const { loop, random, faults } = this;
    const plan = (kind: 'broker away' | 'database away', begin: (forMs: number) => void): void => {
      for (const number of [1, 2]) {
        const at = random.between(0, FAULTS_END_MS - LONGEST_OUTAGE_MS, `when ${kind} ${number}`);
        const forMs = random.between(1_000, LONGEST_OUTAGE_MS, `how long ${kind} ${number}`);
        loop.plan(at, () => {
          if (faults.strikes(kind, String(number), ` for ${forMs} ms`)) begin(forMs);
        });
      }
    };
    plan('broker away', (forMs) => this.bus.goAway(forMs));
    plan('database away', (forMs) => {
      this.databaseIsBackAt = loop.now() + forMs;
    });
  }

  private boot(slot: number, generation: number): void {
    const { settings, loop, random, faults, store, bus, journal } = this;
    const name = `process ${slot + 1}.${generation}`;
    this.restarts += 1;
    const process = new Process({
      name,
      namespace: NAMESPACE,
      loop,
      random,
      faults,
      store,
      bus,
      definitions: this.rollout.definitionsFor(slot),
      decorateStore: settings.decorateStore,
      decorateTransport: settings.decorateTransport,
      retentionMs: this.retentionMs,
      isDatabaseAway: () => loop.now() < this.databaseIsBackAt,
      transition: withStableIncarnations(settings.transition ?? transition, (id) => this.livesOf(id)),
      onDeadLetter: (letter) => {
        const isNobodyThere = letter.code === 'unknown_definition' && !this.rollout.isNewerThere();
        if (!isNobodyThere) this.deadLetters.push(letter);
        journal.note(name, `dead letter ${letter.delivery.message.id}: ${letter.code}, ${letter.reason}`);
      },
      onCrash: (unconfirmed) => {
        this.processes[slot] = undefined;
        this.restarts += 1;
        loop.plan(random.between(500, 15_000, `down time after ${name}`), () => {
          this.restarts -= 1;
          this.boot(slot, generation + 1);
        });
        // The group goes on without it, from what it had confirmed.
        for (const arrived of unconfirmed) this.toOrchestrators(arrived);
      },
      onTrouble: (text) => journal.note(name, text),
    });
    loop.plan(0, () => void this.join(slot, process), true);
  }

  private async join(slot: number, process: Process): Promise<void> {
    await process.engine.start();
    this.restarts -= 1;
    this.processes[slot] = process;
    this.rollout.joined(slot, process);
    for (const arrived of this.backlog.splice(0)) this.toOrchestrators(arrived);
  }

  private deliver(arrived: Arrived): void {
    const { topic } = arrived;
    if (topic.endsWith('.commands')) {
      this.bus.confirm(arrived);
      this.participants.take(JSON.parse(arrived.value) as Message);
    } else if (topic === topics.events(NAMESPACE)) {
      this.onAnnounced(JSON.parse(arrived.value) as Message);
    } else {
      this.toOrchestrators(arrived);
    }
  }

  /** A key's messages go to one process as long as it lives. */
  private toOrchestrators(arrived: Arrived): void {
    const { processes, random } = this;
    const first = random.between(0, processes.length - 1, `partition of ${arrived.topic} ${arrived.key}`);
    for (let offset = 0; offset < processes.length; offset += 1) {
      const process = processes[(first + offset) % processes.length];
      if (process === undefined) continue;
      process.take([arrived]);
      return;
    }
    this.backlog.push(arrived);
  }

  private onAnnounced({ id, sagaid, type, requestid, data }: Message): void {
    if (requestid === undefined) add(this.announced, lifeName(sagaid, parseId(id).incarnation), type);
    else if (type === LifecycleType.answered && this.outside.calls.has(requestid))
      add(this.answers, requestid, JSON.stringify(data));
  }

  private onCommitted({ created, history, removed = [] }: Changes): void {
    for (const { id } of removed) {
      this.removed.set(id, this.livesOf(id));
      if (id === MAIN_ID && this.livesOf(id) <= this.wantedLives()) this.startMain(this.livesOf(id));
    }
    for (const { key, entry } of history) this.journal.note(key.id, entry);
    for (const instance of created) {
      const definition = this.settings.definitions.byReference(definitionRef(instance.definition));
      if (definition !== undefined) this.outside.meet(instance, definition, this.livesOf(instance.id));
    }
  }
}

/** Names one of the instances that had an id one after the other. */
export function lifeName(id: string, incarnation: string | undefined): string {
  return `${id} ${incarnation}`;
}

function add(to: Map<string, Set<string>>, key: string, value: string): void {
  const values = to.get(key);
  if (values === undefined) to.set(key, new Set([value]));
  else values.add(value);
}
