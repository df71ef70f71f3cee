import {
  checkIdentifier,
  type InputOf,
  type Message,
  type OutputOf,
  RequestType,
  type AnySaga,
  sagaIdProblem,
  topics,
} from '@skald/core';
import {
  type Clock,
  type Consumer,
  type Delivery,
  systemClock,
  type Transport,
  validateData,
} from '@skald/runtime';
import { InvalidInputError } from './errors.js';
import { type LifecycleListener, SagaHandle } from './saga-handle.js';

export interface SagaClientOptions {
  /** The namespace of the sagas. */
  readonly namespace: string;
  readonly transport: Transport;
  /** Names the caller in the messages that it sends: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly clock?: Clock;
}

/** Starts sagas over Kafka from any service, and follows them to their end. */
export class SagaClient {
  private readonly followed = new Map<string, Set<LifecycleListener>>();
  private readonly clock: Clock;
  private consumer: Promise<Consumer> | undefined;

  constructor(private readonly options: SagaClientOptions) {
    checkIdentifier('saga client', 'namespace', options.namespace);
    checkIdentifier('saga client', 'name', options.name);
    this.clock = options.clock ?? systemClock;
  }

  /** Begins to follow; `start` does it too. Resolves when the end of a saga cannot be missed any more. */
  async connect(): Promise<void> {
    this.consumer ??= this.follow().catch((error: unknown) => {
      this.consumer = undefined;
      throw error;
    });
    await this.consumer;
  }

  /**
   * Asks for a saga to be started. Resolves when Kafka has stored the request. The same id, definition and input again
   * give the same saga, so a caller that does not know whether it has asked may ask again.
   *
   * @param options.id the caller's own key for the business transaction, e.g. the id of its request
   * @throws InvalidInputError when the input does not fit its class
   */
  async start<S extends AnySaga>(
    saga: S,
    options: { readonly id: string; readonly input: InputOf<S> },
  ): Promise<SagaHandle<OutputOf<S>>> {
    const { id, input } = options;
    const problem = sagaIdProblem(id);
    if (problem !== undefined) throw new InvalidInputError(saga.name, [problem]);
    const checked = validateData(saga.input, input);
    if ('problems' in checked) throw new InvalidInputError(saga.name, checked.problems);
    await this.connect();

    const request = this.request(saga, id, input);
    const handle = new SagaHandle<OutputOf<S>>(id, request.id, this.clock);
    const handles = this.followed.get(id) ?? new Set();
    this.followed.set(id, handles.add(handle));
    try {
      const topic = topics.requests(this.options.namespace);
      await this.options.transport.send([{ topic, message: request }]);
    } catch (error) {
      this.forget(id, handle);
      throw error;
    }
    return handle;
  }

  /** Stops following. The transport stays open: it is the caller's. */
  async close(): Promise<void> {
    const consumer = await this.consumer;
    await consumer?.stop();
  }

  private request(saga: AnySaga, id: string, input: object): Message {
    const { namespace, name } = this.options;
    return {
      specversion: '1.0',
      id: crypto.randomUUID(),
      source: `/skald/${namespace}/${name}`,
      type: RequestType.start,
      time: new Date(this.clock.now()).toISOString(),
      datacontenttype: 'application/json',
      namespace,
      sagaid: id,
      data: { definition: saga.name, input },
    };
  }

  private async follow(): Promise<Consumer> {
    const { namespace, name, transport } = this.options;
    await transport.ensureTopics([topics.requests(namespace), topics.events(namespace)]);
    return transport.consume({
      // Every client process sees all events, so each is a group of its own.
      group: `${namespace}.client.${name}.${crypto.randomUUID()}`,
      topics: [topics.events(namespace)],
      from: 'now',
      maximumBatch: 1_000,
      handle: (batch) => {
        this.take(batch);
        return Promise.resolve([]);
      },
    });
  }

  private take(batch: readonly Delivery[]): void {
    for (const { message } of batch) {
      for (const handle of this.followed.get(message.sagaid) ?? []) {
        if (handle.take(message)) this.forget(message.sagaid, handle);
      }
    }
  }

  private forget(id: string, handle: LifecycleListener): void {
    const handles = this.followed.get(id);
    handles?.delete(handle);
    if (handles?.size === 0) this.followed.delete(id);
  }
}
