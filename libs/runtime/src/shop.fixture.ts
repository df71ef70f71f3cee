import { type AnySaga, type Message, replyMessage, type ReplyOutcome, topics } from '@skald/core';
import type { Changes, Store, StoreTurn } from '@skald/ports';
import { MemoryBroker, type MemoryBrokerOptions, MemoryStore, MemoryTransport } from '@skald/memory';
import { VirtualClock } from '@skald/testing';
import { DefinitionRegistry } from './definition-registry.js';
import { type EngineOptions, SagaEngine } from './engine.js';

/** Answers commands as a test says, or not at all. */
export type Answer = (command: Message) => ReplyOutcome | undefined;

export interface ShopOptions {
  readonly definitions: readonly AnySaga[];
  readonly broker?: MemoryBrokerOptions;
  /** The participants that have a topic here. Default: `stock` and `payment`. */
  readonly participants?: readonly string[];
}

/** A whole system in memory: one engine, one participant that plays all, and whoever asks something of them. */
export class Shop {
  readonly broker: MemoryBroker;
  readonly store = new MemoryStore();
  readonly clock = new VirtualClock();
  readonly commands: Message[] = [];
  readonly lines: string[] = [];
  /** Called with what a transaction is about to write; what it throws, the store throws. */
  beforeSave: (changes: Changes) => void = () => undefined;
  answer: Answer = () => ({ kind: 'succeeded', data: null });
  engine!: SagaEngine;
  participant!: MemoryTransport;
  private readonly transports: MemoryTransport[] = [];

  constructor(private readonly options: ShopOptions) {
    this.broker = new MemoryBroker(options.broker);
  }

  async open(engineOptions: Partial<EngineOptions> = {}): Promise<this> {
    const { participants = ['stock', 'payment'] } = this.options;
    this.participant = this.transport();
    const inbound = participants.map((name) => topics.commands('shop', name));
    await this.participant.ensureTopics([...inbound, topics.replies('shop')]);
    await this.participant.consume({
      group: 'participants',
      topics: inbound,
      from: 'beginning',
      maximumBatch: 100,
      handle: async (batch) => {
        for (const { message } of batch) {
          this.commands.push(message);
          const outcome = this.answer(message);
          if (outcome) await this.participant.send([replyMessage(message, outcome, '/test')]);
        }
        return [];
      },
    });
    await this.run(engineOptions);
    return this;
  }

  /** Starts an engine, in place of the one before. */
  async run(engineOptions: Partial<EngineOptions> = {}): Promise<void> {
    const definitions = new DefinitionRegistry();
    for (const definition of this.options.definitions) definitions.register(definition);
    const write = (line: string): void => void this.lines.push(line);
    this.engine = new SagaEngine({
      namespace: 'shop',
      store: this.watchedStore(),
      transport: this.transport(),
      definitions,
      clock: this.clock,
      random: () => 0.5,
      log: { log: write, warn: write, error: write },
      ...engineOptions,
    });
    await this.engine.start();
  }

  transport(): MemoryTransport {
    const { broker, clock } = this;
    const made = new MemoryTransport({ broker, clock });
    this.transports.push(made);
    return made;
  }

  async close(): Promise<void> {
    await this.engine.stop();
    for (const one of this.transports.splice(0)) await one.close();
  }

  /** Sends a message to the orchestrator, as any program could. */
  async send(type: string, saga: string, data: unknown, fields: Partial<Message> = {}): Promise<void> {
    await this.participant.send([
      { topic: topics.requests('shop'), message: messageFor(type, saga, data, fields) },
    ]);
  }

  async reply(type: string, saga: string, data: unknown, fields: Partial<Message> = {}): Promise<void> {
    await this.participant.send([
      { topic: topics.replies('shop'), message: messageFor(type, saga, data, fields) },
    ]);
  }

  async status(id: string): Promise<string | undefined> {
    return (await this.engine.find(id))?.status;
  }

  events(type?: string): Message[] {
    return this.broker
      .messages(topics.events('shop'))
      .map(({ value }): Message => JSON.parse(value))
      .filter((message) => type === undefined || message.type === type);
  }

  /** Code and saga of each. */
  deadLetters(topic = topics.requests('shop')): string[] {
    return this.broker
      .messages(topics.deadLetters(topic))
      .map(({ headers, key }) => `${headers['dlq-code']} ${key}`);
  }

  private watchedStore(): Store {
    const { store } = this;
    return new Proxy<Store>(store, {
      get: (_, name) => {
        if (name === 'transact') return this.transact.bind(this);
        const member: unknown = Reflect.get(store, name);
        return typeof member === 'function' ? member.bind(store) : member;
      },
    });
  }

  private transact<T>(work: (turn: StoreTurn) => Promise<T>): Promise<T> {
    return this.store.transact((turn) =>
      work(
        new Proxy(turn, {
          get: (_, name) => {
            if (name === 'save') {
              return (namespace: string, changes: Changes, now: number): Promise<string | undefined> => {
                this.beforeSave(changes);
                return turn.save(namespace, changes, now);
              };
            }
            const member: unknown = Reflect.get(turn, name);
            return typeof member === 'function' ? member.bind(turn) : member;
          },
        }),
      ),
    );
  }
}

export function messageFor(
  type: string,
  saga: string,
  data: unknown,
  fields: Partial<Message> = {},
): Message {
  return {
    specversion: '1.0',
    id: `${type} of ${saga}`,
    source: '/test',
    type,
    namespace: 'shop',
    sagaid: saga,
    data,
    ...fields,
  };
}
