import {
  type CallAnswer,
  type HistoryEntry,
  type OperatorAction,
  type OperatorNote,
  sagaIdProblem,
  type SagaInstance,
  topics,
  type transition,
} from '@skald/core';
import {
  classesOfSaga,
  type Clock,
  type Consumer,
  type CrashProbe,
  type InstanceKey,
  type JobReport,
  type KeptCount,
  keyText,
  type Log,
  onceThere,
  Periodic,
  printableLog,
  type RemovedInstance,
  RequestRefusedError,
  type Store,
  StoreNotSetUpError,
  StoreUnavailableError,
  systemClock,
  type Transport,
  uncheckedClasses,
} from '@skald/ports';
import { BatchHealth } from './batch-health.js';
import { checkEngineOptions } from './check-engine-options.js';
import type { DefinitionRegistry } from './definition-registry.js';
import { FaultyWork } from './faulty-work.js';
import { heldBack, isRemoval, NOTHING_HELD_BACK } from './held-back.js';
import type { StartRequest } from './inbound.js';
import { type Applied, InsideRequests, type Started } from './inside-requests.js';
import { KeptMessages } from './kept-messages.js';
import { LiveDefinitions } from './live-definitions.js';
import { orchestratorGroup, Patience } from './patience.js';
import { OwnerlessMessages } from './ownerless-messages.js';
import { Relay } from './relay.js';
import { DEFAULT_TRACE_RETENTION_MS } from './removal.js';
import { RequestHandler } from './request-handler.js';
import { storeClock } from './store-clock.js';
import type { WorkResult } from './turn.js';
import { TurnQueue } from './turn-queue.js';
import { TurnRunner } from './turn-runner.js';
import { UnsendableMessages } from './unsendable-messages.js';
import { Upkeep } from './upkeep.js';
import type { OutsideWork, Work } from './work.js';

/** Periods are whole milliseconds up to a day where nothing else is said, retentions up to a hundred years. */
export interface EngineOptions {
  /** Begins the names of all topics and keeps instances apart. */
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly log: Log;
  /** Most messages in one turn, that is in one transaction. From 1 to 10,000, default: 300. */
  readonly maximumTurn?: number;
  /** How often the database is asked for what another process left: timers, kept messages. Milliseconds, default: 1000. */
  readonly timerPollMs?: number;
  /** How often the relay looks for messages that were committed and never confirmed. Milliseconds, default: 1000. */
  readonly relayPollMs?: number;
  /** How old an unconfirmed message must be before the relay sends it again. Milliseconds, default: 5000. */
  readonly relayAfterMs?: number;
  /**
   * Which lifecycle events are published: all of them, or only what happens to a saga as a whole, without `started` and
   * `step-done`. Default: all.
   */
  readonly lifecycleEvents?: 'all' | 'whole';
  /** Names this process to people, in logs and in the table of live processes; such as its host. Default: nothing. */
  readonly label?: string;
  /**
   * How often it notes in the store that this process lives and what it knows. The others take it for gone after 15 seconds.
   * Milliseconds, from 1 to 10,000, default: 2000.
   */
  readonly beatMs?: number;
  /** How long ended instances are kept with their history. Milliseconds. Default: for ever. */
  readonly retentionMs?: number | undefined;
  /**
   * How long it is kept who removed an instance, when and why; what retention removed leaves a trace for at most 30 days.
   * Milliseconds. Default: 365 days.
   */
  readonly traceRetentionMs?: number | undefined;
  /**
   * Of this process. The store's own clock decides about timers, deadlines and ages, where it tells one. Default: the system's.
   */
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly crashProbe?: CrashProbe;
  /** @internal Decides in place of core's own: the simulation breaks the engine with it to see that it would notice. */
  readonly transition?: typeof transition;
}

type WithoutKey<W> = W extends unknown ? Omit<W, 'key'> : never;

/**
 * Drives sagas: takes requests and replies in turns through load, transition, save and send; wakes what is due; sends
 * again what a crash left unsent. Any number of engines may share a store.
 */
export class SagaEngine {
  private readonly queue: TurnQueue<Work, WorkResult>;
  private readonly runner: TurnRunner;
  private readonly health: BatchHealth;
  private readonly upkeep: Upkeep;
  private readonly outbox: Relay;
  private readonly timers: Periodic;
  private readonly comparing: Periodic;
  private readonly jobs: readonly Periodic[];
  private readonly maximumTurn: number;
  private readonly requests: RequestHandler;
  private readonly inside: InsideRequests;
  private readonly live: LiveDefinitions;
  private readonly kept: KeptMessages;
  private readonly ownerless: OwnerlessMessages;
  private consumer: Consumer | undefined;
  private isStopped = false;

  private readonly options: EngineOptions;

  /** @throws DefinitionError when the namespace is no name, an option is not there, or out of its bounds */
  constructor(given: EngineOptions) {
    const options: EngineOptions = { ...given, log: printableLog(given.log) };
    this.options = options;
    const { store, log, timerPollMs: pollMs = 1_000 } = options;
    checkEngineOptions(options);
    const clock = storeClock(options.clock ?? systemClock, store);
    this.maximumTurn = options.maximumTurn ?? 300;
    this.health = new BatchHealth(() => clock.elapsed());
    this.outbox = new Relay({
      ...options,
      clock,
      pollMs: options.relayPollMs ?? 1_000,
      afterMs: options.relayAfterMs ?? 5_000,
      isBrokerAway: () => this.isBrokerAway(),
      end: (messages) => unsendable.end(messages),
    });
    const live = new LiveDefinitions({
      ...options,
      clock,
      label: options.label ?? '',
      beatMs: options.beatMs ?? 2_000,
      onChanged: () => {
        this.upkeep.othersChanged();
        this.comparing.noLaterThan(clock.now());
      },
    });
    this.live = live;
    this.runner = new TurnRunner({
      ...options,
      patience: new Patience({ ...options, clock }),
      clock,
      live,
      random: options.random ?? Math.random,
      everyStep: options.lifecycleEvents !== 'whole',
      traceRetentionMs: options.traceRetentionMs ?? DEFAULT_TRACE_RETENTION_MS,
      crashProbe: options.crashProbe ?? (() => Promise.resolve()),
      outbox: this.outbox,
      onWakeup: (at) => this.timers.noLaterThan(at),
    });
    const faulty = new FaultyWork({ runner: this.runner, clock, log });
    const unsendable = new UnsendableMessages({ ...options, faulty });
    this.upkeep = new Upkeep({
      ...options,
      clock,
      live,
      runner: this.runner,
      faulty,
      pollMs,
      retentionMs: options.retentionMs,
      isRelayBehind: () => this.outbox.isBehind(),
    });
    this.queue = new TurnQueue({
      maximum: this.maximumTurn,
      run: (works) => this.health.watch(() => this.runTurn(works)),
      alone: (work, error) => faulty.end(work, error),
      isWell: () => this.runner.isStoreWell(),
    });
    const submit = (works: readonly Work[]): Promise<readonly WorkResult[]> => this.queue.submit(works);
    this.requests = new RequestHandler({ ...options, clock, live, submit });
    this.inside = new InsideRequests({ ...options, clock, live, submit });
    const handle = this.requests.handle.bind(this.requests);
    this.kept = new KeptMessages({ ...options, clock, live, pollMs, submit, handle });
    this.ownerless = new OwnerlessMessages({ ...options, live });
    const periodic = (name: string, job: () => Promise<number>): Periodic =>
      new Periodic(name, clock, log, 1_000, job);
    this.timers = periodic('waking timers', () => this.wakeDue(pollMs));
    // It counts all that run, which may take a while: nobody waits for it.
    this.comparing = periodic('comparing instances with their definitions', () => this.upkeep.checkPinned());
    this.jobs = [
      this.timers,
      periodic('the relay', () => this.outbox.sweep()),
      periodic('telling the others that this process lives', () => live.beat()),
      periodic('taking up kept messages', async () => (this.isBrokerAway() ? pollMs : this.kept.takeUp())),
      this.comparing,
      periodic('looking for messages that nobody can take up', () => this.ownerless.warn()),
      periodic('removing ended instances', async () =>
        this.isBrokerAway() || this.outbox.isBehind() ? pollMs : this.upkeep.removeOld(),
      ),
      periodic('dropping traces of removed instances', () => this.upkeep.dropTraces()),
    ];
  }

  /** Every topic that the registered definitions need. */
  topics(): string[] {
    const { namespace, definitions } = this.options;
    const needed = new Set([topics.requests(namespace), topics.replies(namespace), topics.events(namespace)]);
    for (const definition of definitions.all()) {
      for (const node of definition.nodes) {
        if (node.kind !== 'step') continue;
        for (const template of [node, node.undo, node.probe]) {
          if (template) needed.add(topics.commands(namespace, template.command.participant));
        }
      }
    }
    return [...needed];
  }

  /**
   * Begins to take messages. Resolves when it does. Waits for a store and a broker that are away.
   *
   * @throws StoreUnusableError, StoreNotSetUpError, and what the transport says of its topics
   */
  async start(): Promise<void> {
    this.isStopped = false;
    const { namespace, transport, store, definitions, log } = this.options;
    const warnings = await this.onceStoreAnswers(async () => (await store.check?.()) ?? []);
    const classes = uncheckedClasses(definitions.all().flatMap(classesOfSaga));
    for (const warning of [...warnings, ...classes]) log.warn(warning);
    await transport.ensureTopics(this.topics());
    await this.onceStoreAnswers(() => this.live.beat());
    this.consumer = await transport.consume({
      group: orchestratorGroup(namespace),
      topics: [topics.requests(namespace), topics.replies(namespace)],
      from: 'beginning',
      maximumBatch: this.maximumTurn,
      handle: (batch) => this.requests.handle(batch),
      tell: (unreadable) => this.requests.tell(unreadable),
    });
    for (const job of this.jobs) job.start();
  }

  /**
   * Whether it takes messages now; false before `start`, after `stop`, while the broker is away, while it keeps failing
   * over the same messages, and while no batch gets done.
   */
  isReady(): boolean {
    return this.consumer?.isReady() === true && this.health.problem() === undefined;
  }

  /** Why it keeps failing over the same messages, or gets no batch done, if so. For people; holds no payload. */
  problem(): string | undefined {
    return this.consumer?.problem() ?? this.health.problem();
  }

  /** Finishes what is in hand and takes no more. The store and the transport stay open: they are the caller's. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.consumer?.stop();
    await this.queue.idle();
    this.kept.stop();
    for (const job of this.jobs) await job.stop();
    await this.runner.sent();
    await this.outbox.flush();
    await this.live.leave();
  }

  /**
   * Starts a saga from inside this process. Resolves when it is stored. The same id, definition and input again give
   * the same saga; the same `messageId`, too, begins no second one after the first was removed. Any process can be asked:
   * one that knows the definition does it.
   *
   * @throws RequestRefusedError saying what to correct
   */
  async startSaga(request: Omit<StartRequest, 'namespace'>): Promise<Started> {
    checkSagaId(request.id);
    return this.inside.start({ ...request, namespace: this.options.namespace });
  }

  /**
   * Sends a signal to a saga. It ends a wait for it, or is kept for one that comes.
   *
   * @param messageId the same for copies of the same signal: it counts once
   * @throws RequestRefusedError
   */
  async signal(id: string, messageId: string, signal: string, data: unknown): Promise<void> {
    await this.outside(id, { kind: 'signal', messageId, signal, data });
  }

  /**
   * Asks a saga for an answer. Resolves when what the call changed is stored.
   *
   * @param messageId the same for copies of the same call: it is answered alike
   * @throws RequestRefusedError
   */
  async call(id: string, messageId: string, call: string, request: unknown): Promise<CallAnswer> {
    const { answer } = await this.outside(id, { kind: 'call', messageId, call, request });
    if (answer === undefined) throw new Error('the call got no answer');
    return answer;
  }

  /**
   * Turns a saga back: what it did is compensated.
   *
   * @param messageId the same for copies of the same cancel: it counts once, and is granted again
   * @throws RequestRefusedError with `past_pivot` when nothing can be undone any more
   */
  async cancel(id: string, reason: string, messageId?: string): Promise<SagaInstance | undefined> {
    return (await this.outside(id, { kind: 'cancel', reason, messageId })).instance;
  }

  /**
   * What an operator does to a saga; see `OperatorAction`. Who and why go into the history.
   *
   * @throws RequestRefusedError where the action makes no sense now, saying what would
   */
  async operate(id: string, action: OperatorAction, note: OperatorNote): Promise<SagaInstance | undefined> {
    return (await this.outside(id, { kind: 'operator', action, note })).instance;
  }

  async find(id: string): Promise<SagaInstance | undefined> {
    const [instance] = await this.options.store.find([this.key(id)]);
    return instance;
  }

  /** @param after the number of the last entry already known; 0 for all */
  history(id: string, after = 0, limit = 1_000): Promise<HistoryEntry[]> {
    return this.options.store.history(this.key(id), after, limit);
  }

  /** What is left of sagas of this id that were removed, newest first. */
  removed(id: string): Promise<RemovedInstance[]> {
    return this.options.store.removed(this.key(id));
  }

  /**
   * What a person should look at though this process gets on with its messages: those that nobody can take up, as it was within
   * the last minute, and jobs that have failed three times in a row, with the reason.
   */
  warnings(): readonly string[] {
    const failing = this.jobs.map((job) => job.problem()).filter((problem) => problem !== undefined);
    return [...failing, ...this.ownerless.warnings()];
  }

  /** How each of the jobs gets on that run by themselves: timers, the relay, retention and the others. */
  jobReports(): readonly JobReport[] {
    return this.jobs.map((job) => job.report());
  }

  /** Messages that wait for definitions which no live process knows, counted by definition. */
  ownerlessMessages(): Promise<KeptCount[]> {
    return this.ownerless.list();
  }

  private onceStoreAnswers<T>(attempt: () => Promise<T>): Promise<T> {
    const { clock = systemClock, log } = this.options;
    return onceThere(attempt, {
      what: 'the store',
      log,
      isAway: (error) =>
        !this.isStopped && error instanceof StoreUnavailableError && !(error instanceof StoreNotSetUpError),
      pause: (milliseconds) => new Promise((resolve) => clock.after(milliseconds, () => resolve())),
    });
  }

  private key(id: string): InstanceKey {
    return { namespace: this.options.namespace, id };
  }

  private outside(id: string, work: WithoutKey<OutsideWork>): Promise<Applied> {
    checkSagaId(id);
    return this.inside.outside({ ...work, key: this.key(id) });
  }

  private async wakeDue(pollMs: number): Promise<number> {
    // Who cannot hear replies cannot say that none came: an outage of the broker must not use up the attempts.
    if (this.isBrokerAway()) return pollMs;
    return this.upkeep.wakeDue();
  }

  private isBrokerAway(): boolean {
    return this.consumer?.isReady() === false;
  }

  private async runTurn(works: readonly Work[]): Promise<readonly WorkResult[]> {
    const keys = new Map<string, InstanceKey>();
    for (const work of works) {
      keys.set(keyText(work.key), work.key);
      // What a child is asked for is checked against what its parent has asked for.
      if ('parent' in work && work.parent) keys.set(keyText(work.parent), work.parent);
    }
    const removals = new Set(works.filter(isRemoval).map(({ key }) => keyText(key)));
    if (removals.size > 0) {
      // What has been sent is owed no longer.
      await this.runner.sent();
      await this.outbox.flush();
    }
    return this.runner.run(
      async (turn) => {
        const instances = await turn.lock([...keys.values()]);
        if (removals.size === 0) return { instances, held: NOTHING_HELD_BACK };
        const wanted = instances.filter((instance) => removals.has(keyText(instance)));
        return { instances, held: await heldBack(turn, this.options.namespace, wanted) };
      },
      (decided, { held }) =>
        works.map((work) => {
          const error = isRemoval(work) ? held.get(work.key.id) : undefined;
          return error === undefined ? decided.apply(work) : { kind: 'refused', error };
        }),
    );
  }
}

function checkSagaId(id: string): void {
  const problem = sagaIdProblem(id);
  if (problem !== undefined) throw new RequestRefusedError('invalid_id', problem);
}
