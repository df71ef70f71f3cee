import {
  type AnySaga,
  type CallContract,
  checkIdentifier,
  type InputOf,
  type Message,
  type OutputOf,
  RequestType,
  type SignalContract,
  topics,
} from '@skald/core';
import { type Clock, type Consumer, type Delivery, systemClock, type Transport } from '@skald/runtime';
import { checkData, checkId } from './check.js';
import { SagaRefusedError } from './errors.js';
import { FollowedSaga, type Listener, PendingAnswer } from './followed-saga.js';
import {
  type CallReply,
  type CallRequest,
  type RequestOptions,
  SagaClient,
  type SagaHandle,
  type SagaSnapshot,
  type SignalData,
} from './saga-client.js';

export interface KafkaSagaClientOptions {
  /** The namespace of the sagas. */
  readonly namespace: string;
  readonly transport: Transport;
  /** Names the caller in the messages that it sends: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly clock?: Clock;
}

/** Speaks to sagas over Kafka, and hears of them on the lifecycle topic. */
export class KafkaSagaClient extends SagaClient {
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly clock: Clock;
  private consumer: Promise<Consumer> | undefined;

  constructor(private readonly options: KafkaSagaClientOptions) {
    super();
    checkIdentifier('saga client', 'namespace', options.namespace);
    checkIdentifier('saga client', 'name', options.name);
    this.clock = options.clock ?? systemClock;
  }

  /** Begins to listen; every request does it too. Resolves when the end of a saga cannot be missed any more. */
  async connect(): Promise<void> {
    this.consumer ??= this.listen().catch((error: unknown) => {
      this.consumer = undefined;
      throw error;
    });
    await this.consumer;
  }

  async start<S extends AnySaga>(
    saga: S,
    { id, input }: { readonly id: string; readonly input: InputOf<S> },
  ): Promise<SagaHandle<OutputOf<S>>> {
    checkId(id);
    checkData(`the input of '${saga.name}'`, saga.input, input);
    const request = this.request(RequestType.start, id, { definition: saga.name, input });
    const handle = new FollowedSaga<OutputOf<S>>(id, request.id, this.clock);
    await this.send(request, handle);
    return handle;
  }

  async follow<S extends AnySaga>(_saga: S, id: string): Promise<SagaHandle<OutputOf<S>>> {
    checkId(id);
    // It may have ended already: then the answer tells how.
    const request = this.request(RequestType.get, id, {});
    const handle = new FollowedSaga<OutputOf<S>>(id, request.id, this.clock);
    await this.send(request, handle);
    return handle;
  }

  async get<S extends AnySaga>(
    _saga: S,
    id: string,
    { timeout }: Pick<RequestOptions, 'timeout'> = {},
  ): Promise<SagaSnapshot<OutputOf<S>> | undefined> {
    checkId(id);
    try {
      const answer = await this.ask(this.request(RequestType.get, id, {}), timeout);
      return answer as SagaSnapshot<OutputOf<S>>;
    } catch (error) {
      if (error instanceof SagaRefusedError && error.code === 'unknown_saga') return undefined;
      throw error;
    }
  }

  /** Resolves when Kafka has stored the signal; whether the saga takes it is seen on the lifecycle topic. */
  async signal<S extends SignalContract>(
    id: string,
    contract: S,
    data: SignalData<S>,
    { messageId }: Pick<RequestOptions, 'messageId'> = {},
  ): Promise<void> {
    checkId(id);
    checkData(`the data of signal '${contract.name}'`, contract.data, data);
    await this.send(this.request(RequestType.signal, id, { signal: contract.name, data }, messageId));
  }

  async call<C extends CallContract>(
    id: string,
    contract: C,
    request: CallRequest<C>,
    { messageId, timeout }: RequestOptions = {},
  ): Promise<CallReply<C>> {
    checkId(id);
    checkData(`the request of call '${contract.name}'`, contract.request, request);
    const message = this.request(RequestType.call, id, { call: contract.name, data: request }, messageId);
    return (await this.ask(message, timeout)) as CallReply<C>;
  }

  async cancel(id: string, reason: string, { timeout }: Pick<RequestOptions, 'timeout'> = {}): Promise<void> {
    checkId(id);
    await this.ask(this.request(RequestType.cancel, id, { reason }), timeout);
  }

  /** The transport stays open: it is the caller's. */
  async close(): Promise<void> {
    const consumer = await this.consumer;
    await consumer?.stop();
  }

  private request(type: string, sagaid: string, data: object, id: string = crypto.randomUUID()): Message {
    const { namespace, name } = this.options;
    return {
      specversion: '1.0',
      id,
      source: `/skald/${namespace}/${name}`,
      type,
      time: new Date(this.clock.now()).toISOString(),
      datacontenttype: 'application/json',
      namespace,
      sagaid,
      data,
    };
  }

  private async ask(request: Message, timeout: RequestOptions['timeout']): Promise<unknown> {
    const answer = new PendingAnswer(request.sagaid, request.id, this.clock);
    await this.send(request, answer);
    try {
      return await answer.within(timeout);
    } finally {
      this.forget(request.sagaid, answer);
    }
  }

  private async send(request: Message, listener?: Listener): Promise<void> {
    await this.connect();
    const { sagaid } = request;
    if (listener !== undefined) {
      this.listeners.set(sagaid, (this.listeners.get(sagaid) ?? new Set()).add(listener));
    }
    try {
      const topic = topics.requests(this.options.namespace);
      await this.options.transport.send([{ topic, message: request }]);
    } catch (error) {
      if (listener !== undefined) this.forget(sagaid, listener);
      throw error;
    }
  }

  private async listen(): Promise<Consumer> {
    const { namespace, name, transport } = this.options;
    await transport.ensureTopics([topics.requests(namespace), topics.events(namespace)]);
    return transport.consume({
      // Every client process hears all events, so each is a group of its own.
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
      for (const listener of this.listeners.get(message.sagaid) ?? []) {
        if (listener.take(message)) this.forget(message.sagaid, listener);
      }
    }
  }

  private forget(id: string, listener: Listener): void {
    const listeners = this.listeners.get(id);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.listeners.delete(id);
  }
}
