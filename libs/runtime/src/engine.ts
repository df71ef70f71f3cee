import {
  checkIdentifier,
  type HistoryEntry,
  LifecycleType,
  type Message,
  orchestratorSource,
  type OutgoingMessage,
  sagaIdProblem,
  type SagaInstance,
  SkaldError,
  topics,
} from '@skald/core';
import type { DefinitionRegistry } from './definition-registry.js';
import { ConcurrentChangeError, messageOf, RequestRefusedError } from './errors.js';
import { readInbound, readStart, type StartRequest, UnusableMessageError, type Work } from './inbound.js';
import { Periodic } from './periodic.js';
import type {
  Changes,
  Clock,
  Consumer,
  CrashProbe,
  DeadLetter,
  Delivery,
  InstanceKey,
  Log,
  Store,
  StoreTurn,
  Transport,
} from './ports.js';
import { systemClock } from './ports.js';
import { Relay } from './relay.js';
import { DecidedTurn, keyText, type WorkResult } from './turn.js';
import { TurnQueue } from './turn-queue.js';

export interface EngineOptions {
  /** Begins the names of all topics and keeps instances apart. */
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly log: Log;
  /** Most messages in one turn, that is in one transaction. Default: 300. */
  readonly maximumTurn?: number;
  /** How often the database is asked for timers that another process set. Milliseconds, default: 1000. */
  readonly timerPollMs?: number;
  /** How often the relay looks for messages that were committed and never confirmed. Milliseconds, default: 1000. */
  readonly relayPollMs?: number;
  /** How old an unconfirmed message must be before the relay sends it again. Milliseconds, default: 5000. */
  readonly relayAfterMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly crashProbe?: CrashProbe;
}

export interface StartedSaga {
  readonly instance: SagaInstance;
  /** False when a saga with this id, definition and input had been started before. */
  readonly isNew: boolean;
}

const TIMER_BATCH = 200;
/** How often a turn that lost a race against another worker is run again before the race is reported. */
const RACES = 5;

/**
 * Drives sagas: takes requests and replies in turns through load, transition, save and send; wakes what is due; sends
 * again what a crash left unsent. Any number of engines may share a store.
 */
export class SagaEngine {
  private readonly queue: TurnQueue<Work, WorkResult>;
  private readonly timers: Periodic;
  private readonly sweeping: Periodic;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly probe: CrashProbe;
  private readonly maximumTurn: number;
  private readonly outbox: Relay;
  private consumer: Consumer | undefined;
  private sendFails = false;

  /** @throws DefinitionError when the namespace is no name */
  constructor(private readonly options: EngineOptions) {
    checkIdentifier('engine', 'namespace', options.namespace);
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.probe = options.crashProbe ?? (() => Promise.resolve());
    this.maximumTurn = options.maximumTurn ?? 300;
    this.queue = new TurnQueue(this.maximumTurn, (works) => this.runTurn(works));
    const periodic = (name: string, job: () => Promise<number>): Periodic =>
      new Periodic(name, this.clock, options.log, 1_000, job);
    this.timers = periodic('waking timers', () => this.wakeDue());
    this.outbox = new Relay({
      ...options,
      clock: this.clock,
      pollMs: options.relayPollMs ?? 1_000,
      afterMs: options.relayAfterMs ?? 5_000,
    });
    this.sweeping = periodic('the relay', () => this.outbox.sweep());
  }

  /** Every topic that the registered definitions need. */
  topics(): string[] {
    const { namespace, definitions } = this.options;
    const needed = new Set([topics.requests(namespace), topics.replies(namespace), topics.events(namespace)]);
    for (const definition of definitions.all()) {
      for (const step of definition.steps) {
        needed.add(topics.commands(namespace, step.command.participant));
        if (step.undo) needed.add(topics.commands(namespace, step.undo.command.participant));
      }
    }
    return [...needed];
  }

  /** Begins to take messages. Resolves when it does. */
  async start(): Promise<void> {
    const { namespace, transport } = this.options;
    await transport.ensureTopics(this.topics());
    this.consumer = await transport.consume({
      group: `${namespace}.orchestrator`,
      topics: [topics.requests(namespace), topics.replies(namespace)],
      from: 'beginning',
      maximumBatch: this.maximumTurn,
      handle: (batch) => this.handle(batch),
    });
    this.timers.start();
    this.sweeping.start();
  }

  /** Whether it takes messages now; false before `start`, after `stop`, and while the broker is away. */
  isReady(): boolean {
    return this.consumer?.isReady() === true;
  }

  /** Finishes what is in hand and takes no more. The store and the transport stay open: they are the caller's. */
  async stop(): Promise<void> {
    await this.consumer?.stop();
    await this.queue.idle();
    await this.timers.stop();
    await this.sweeping.stop();
    await this.outbox.flush();
  }

  /**
   * Starts a saga from inside this process. Resolves when it is stored. The same id, definition and input again give
   * the same saga.
   *
   * @throws RequestRefusedError saying what to correct
   */
  async startSaga(request: Omit<StartRequest, 'namespace'>): Promise<StartedSaga> {
    const problem = sagaIdProblem(request.id);
    if (problem !== undefined) throw new RequestRefusedError('invalid_id', problem);
    const work = readStart({ ...request, namespace: this.options.namespace }, this.options.definitions);
    const [result] = await this.queue.submit([work]);
    if (result?.kind === 'started') return { instance: result.instance, isNew: result.isNew };
    throw result?.kind === 'refused' ? result.error : new Error('the turn gave no result');
  }

  async find(id: string): Promise<SagaInstance | undefined> {
    const [instance] = await this.options.store.find([this.key(id)]);
    return instance;
  }

  /** @param after the number of the last entry already known; 0 for all */
  history(id: string, after = 0, limit = 1_000): Promise<HistoryEntry[]> {
    return this.options.store.history(this.key(id), after, limit);
  }

  private key(id: string): InstanceKey {
    return { namespace: this.options.namespace, id };
  }

  private async handle(batch: readonly Delivery[]): Promise<readonly DeadLetter[]> {
    const readable: { delivery: Delivery; work: Work }[] = [];
    const dead: DeadLetter[] = [];
    const refusals: OutgoingMessage[] = [];
    const refuse = (delivery: Delivery, error: unknown): void => {
      dead.push(deadLetter(delivery, error));
      if (error instanceof RequestRefusedError) refusals.push(this.refusal(delivery.message, error));
    };
    for (const delivery of batch) {
      try {
        this.checkNamespace(delivery.message);
        readable.push({ delivery, work: readInbound(delivery.message, this.options.definitions) });
      } catch (error) {
        refuse(delivery, error);
      }
    }
    const results = await this.queue.submit(readable.map(({ work }) => work));
    for (const [index, { delivery }] of readable.entries()) {
      const result = results[index];
      if (result?.kind === 'refused') refuse(delivery, result.error);
    }
    // Refusals are in no outbox: if they cannot be sent now, the batch comes again.
    if (refusals.length > 0) await this.options.transport.send(refusals);
    return dead;
  }

  /** What the lifecycle topic says of a request that was refused, for whoever waits for its saga. */
  private refusal(request: Message, error: RequestRefusedError): OutgoingMessage {
    const { namespace } = this.options;
    return {
      topic: topics.events(namespace),
      message: {
        specversion: '1.0',
        id: `${request.id}/refused`,
        source: orchestratorSource(namespace),
        type: LifecycleType.refused,
        time: new Date(this.clock.now()).toISOString(),
        datacontenttype: 'application/json',
        namespace,
        sagaid: request.sagaid,
        requestid: request.id,
        data: { code: error.code, message: error.message, problems: error.problems },
      },
    };
  }

  private checkNamespace(message: Message): void {
    if (message.namespace !== this.options.namespace) {
      throw new UnusableMessageError(
        'wrong_namespace',
        `the message is for namespace '${message.namespace}', this is '${this.options.namespace}'`,
      );
    }
  }

  private async runTurn(works: readonly Work[]): Promise<readonly WorkResult[]> {
    const keys = new Map(works.map(({ key }) => [keyText(key), key]));
    return this.commit(
      (turn) => turn.lock([...keys.values()]),
      (decided) => works.map((work) => decided.apply(work)),
    );
  }

  /** Wakes instances whose time has come; returns how long until it should look again. */
  private async wakeDue(): Promise<number> {
    const { definitions, store } = this.options;
    const poll = this.options.timerPollMs ?? 1_000;
    // Who cannot hear replies cannot say that none came: an outage of the broker must not use up the attempts.
    if (this.consumer?.isReady() === false) return poll;
    const references = definitions.references();
    const count = await this.commit(
      (turn) => turn.lockDue(references, this.clock.now(), TIMER_BATCH),
      (decided, due) => {
        for (const instance of due) {
          const definition = definitions.find(instance.definition.name, instance.definition.version);
          if (definition !== undefined) decided.wake(definition, instance);
        }
        return due.length;
      },
    );
    if (count === TIMER_BATCH) return 0;
    const next = await store.nextWakeup(references);
    return next === null ? poll : Math.min(poll, Math.max(1, next - this.clock.now()));
  }

  /** One transaction: load, decide, save; then send. */
  private async commit<R>(
    load: (turn: StoreTurn) => Promise<SagaInstance[]>,
    decide: (decided: DecidedTurn, loaded: readonly SagaInstance[]) => R,
  ): Promise<R> {
    for (let race = 1; ; race += 1) {
      try {
        return await this.commitOnce(load, decide);
      } catch (error) {
        if (!(error instanceof ConcurrentChangeError) || race === RACES) throw error;
      }
    }
  }

  private async commitOnce<R>(
    load: (turn: StoreTurn) => Promise<SagaInstance[]>,
    decide: (decided: DecidedTurn, loaded: readonly SagaInstance[]) => R,
  ): Promise<R> {
    const settled = this.outbox.takeArrived();
    try {
      const { decided, changes, result, row } = await this.options.store.transact(async (turn) => {
        const loaded = await load(turn);
        const now = this.clock.now();
        const decided = new DecidedTurn(loaded, now, this.random);
        const result = decide(decided, loaded);
        const changes = decided.changes(settled);
        if (isEmpty(changes)) return { decided, changes, result, row: undefined };
        const row = await turn.save(changes, now);
        await this.probe('before commit');
        return { decided, changes, result, row };
      });
      this.noteWakeups(changes);
      if (row !== undefined) await this.sendOwed(decided, row);
      return result;
    } catch (error) {
      this.outbox.noteArrived(settled);
      throw error;
    }
  }

  private noteWakeups({ created, updated }: Changes): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const instance of [...created, ...updated.map((update) => update.instance)]) {
      if (instance.wakeAt !== null && instance.wakeAt < earliest) earliest = instance.wakeAt;
    }
    this.timers.noLaterThan(earliest);
  }

  /** The fast path after a commit. If it fails, the outbox still says what is owed and the relay sends it. */
  private async sendOwed(decided: DecidedTurn, row: string): Promise<void> {
    await this.probe('after commit');
    try {
      await this.options.transport.send(decided.messages());
      this.sendFails = false;
    } catch (error) {
      // Of failures in a row the first is logged.
      if (!this.sendFails) {
        this.options.log.warn(`messages cannot be sent now, the relay will send them: ${messageOf(error)}`);
      }
      this.sendFails = true;
      return;
    }
    await this.probe('after send');
    this.outbox.noteArrived([row]);
  }
}

function isEmpty(changes: Changes): boolean {
  return Object.values(changes).every((list: readonly unknown[]) => list.length === 0);
}

function deadLetter(delivery: Delivery, error: unknown): DeadLetter {
  const known = error instanceof UnusableMessageError || error instanceof SkaldError;
  return { delivery, code: known ? error.code : 'unexpected_error', reason: messageOf(error) };
}
