import {
  type AnySaga,
  type CallContract,
  checkIdentifier,
  checkOptions,
  type Duration,
  type Message,
  type OutputOf,
  RequestType,
  type SignalContract,
  topics,
} from '@skald/core';
import {
  type Clock,
  type Consumer,
  messageOf,
  MessageRefusedError,
  systemClock,
  type Transport,
} from '@skald/ports';
import { checkContract, checkData, checkId, checkMessageId, checkReason } from './check.js';
import { type Asked, ClientClosedError, NoAnswerError, SagaRefusedError } from './errors.js';
import { FollowedSaga, type Following, type Standing } from './followed-saga.js';
import { Listeners } from './listeners.js';
import { PendingAnswer } from './pending-answer.js';
import {
  type CallReply,
  type CallRequest,
  type RequestOptions,
  SagaClient,
  type SagaHandle,
  type SagaSnapshot,
  type SignalData,
  type StartOptions,
} from './saga-client.js';
import { TimeLimit } from './time-limit.js';

export interface KafkaSagaClientOptions {
  /** The namespace of the sagas. */
  readonly namespace: string;
  readonly transport: Transport;
  /** Names the caller in the messages that it sends: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly clock?: Clock;
}

/** The compiler sees that none is missing. */
const OPTIONS: Record<keyof KafkaSagaClientOptions, true> = {
  namespace: true,
  transport: true,
  name: true,
  clock: true,
};
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

type Asking = Pick<RequestOptions, 'messageId'>;
type Kind = Asked['kind'];

/** Speaks to sagas over Kafka, and hears of them on the lifecycle topic. */
export class KafkaSagaClient extends SagaClient {
  /** @internal Who waits for what. */
  readonly listeners = new Listeners();
  private readonly clock: Clock;
  private readonly following: Following;
  private consumer: Promise<Consumer> | undefined;
  private isClosed = false;

  /** @throws DefinitionError naming the option that there is not, or is no name */
  constructor(private readonly options: KafkaSagaClientOptions) {
    super();
    checkOptions('saga client', '', options, Object.keys(OPTIONS));
    checkIdentifier('saga client', 'namespace', options.namespace);
    checkIdentifier('saga client', 'name', options.name);
    this.clock = options.clock ?? systemClock;
    this.following = {
      timeLimit: (timeout) => this.limit(timeout),
      wake: (saga) => this.listeners.wake(saga),
      rest: (saga) => this.listeners.rest(saga),
      resume: (saga, limit) => this.takeUp(saga, limit),
    };
  }

  /** Begins to listen; every request does it too. Resolves when the end of a saga cannot be missed any more. */
  async connect(): Promise<void> {
    if (this.isClosed) throw new ClientClosedError();
    this.consumer ??= this.listen().catch((error: unknown) => {
      this.consumer = undefined;
      throw error;
    });
    await this.consumer;
  }

  async start<S extends AnySaga>(
    saga: S,
    { id, input, timeout, ...asking }: StartOptions<S>,
  ): Promise<SagaHandle<OutputOf<S>>> {
    checkId(id);
    checkContract('saga', saga);
    checkData(`the input of '${saga.name}'`, saga.input, input);
    const handle = new FollowedSaga<OutputOf<S>>(id, this.following);
    // From before the request, so that no event is missed.
    this.listeners.add(handle);
    try {
      const started = { definition: saga.name, version: saga.version, input, answer: true };
      const request = this.request('start', id, started, asking);
      const answer = await this.ask(request, this.limit(timeout));
      if (handle.takeSnapshot(answer)) this.listeners.remove(handle);
      this.listeners.rest(handle);
    } catch (error) {
      this.listeners.remove(handle);
      throw error;
    }
    return handle;
  }

  async follow<S extends AnySaga>(
    _saga: S,
    id: string,
    { timeout }: Pick<RequestOptions, 'timeout'> = {},
  ): Promise<SagaHandle<OutputOf<S>>> {
    checkId(id);
    const handle = new FollowedSaga<OutputOf<S>>(id, this.following);
    await this.takeUp(handle, this.limit(timeout));
    this.listeners.rest(handle);
    return handle;
  }

  async get<S extends AnySaga>(
    _saga: S,
    id: string,
    { timeout }: Pick<RequestOptions, 'timeout'> = {},
  ): Promise<SagaSnapshot<OutputOf<S>> | undefined> {
    checkId(id);
    try {
      const answer = await this.ask(this.request('get', id, {}), this.limit(timeout));
      return answer as SagaSnapshot<OutputOf<S>>;
    } catch (error) {
      if (error instanceof SagaRefusedError && error.code === 'unknown_saga') return undefined;
      throw error;
    }
  }

  async signal<S extends SignalContract>(
    id: string,
    contract: S,
    data: SignalData<S>,
    { timeout, ...asking }: RequestOptions = {},
  ): Promise<void> {
    checkId(id);
    checkContract('signal', contract);
    checkData(`the data of signal '${contract.name}'`, contract.data, data);
    const content = { signal: contract.name, data, answer: true };
    await this.ask(this.request('signal', id, content, asking), this.limit(timeout));
  }

  async call<C extends CallContract>(
    id: string,
    contract: C,
    request: CallRequest<C>,
    { timeout, ...asking }: RequestOptions = {},
  ): Promise<CallReply<C>> {
    checkId(id);
    checkContract('call', contract);
    checkData(`the request of call '${contract.name}'`, contract.request, request);
    const message = this.request('call', id, { call: contract.name, data: request }, asking);
    return (await this.ask(message, this.limit(timeout))) as CallReply<C>;
  }

  async cancel(id: string, reason: string, { timeout, ...asking }: RequestOptions = {}): Promise<void> {
    checkId(id);
    checkReason(reason);
    await this.ask(this.request('cancel', id, { reason }, asking), this.limit(timeout));
  }

  /** The transport stays open: it is the caller's. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.listeners.failAll(new ClientClosedError());
    const consumer = await this.consumer?.catch(() => undefined);
    await consumer?.stop();
  }

  private limit(timeout: Duration | undefined): TimeLimit {
    return new TimeLimit(this.clock, timeout);
  }

  private request(kind: Kind, sagaid: string, data: object, { messageId }: Asking = {}): Request {
    if (messageId !== undefined) checkMessageId(messageId);
    const { namespace, name } = this.options;
    const id = messageId ?? crypto.randomUUID();
    const message: Message = {
      specversion: '1.0',
      id,
      source: `/skald/${namespace}/${name}`,
      type: RequestType[kind],
      time: new Date(this.clock.now()).toISOString(),
      datacontenttype: 'application/json',
      namespace,
      sagaid,
      data,
    };
    return { message, asked: { kind, sagaId: sagaid, messageId: id } };
  }

  /** Hears of a saga from now on, and of how it stands: it may have ended already. */
  private async takeUp(saga: Standing, limit: TimeLimit): Promise<void> {
    this.listeners.add(saga);
    try {
      const answer = await this.ask(this.request('get', saga.sagaId, {}), limit);
      if (saga.takeSnapshot(answer)) this.listeners.remove(saga);
    } catch (error) {
      this.listeners.remove(saga);
      throw error;
    }
  }

  /** Sends a request and waits for its answer, for as long as the limit says over both. */
  private async ask({ message, asked }: Request, limit: TimeLimit): Promise<unknown> {
    if (this.isClosed) throw new ClientClosedError();
    const pending = new PendingAnswer(message);
    const sending: Sending = { isOver: false };
    this.listeners.add(pending);
    try {
      // An answer may come though Kafka did not confirm the request.
      const sent = this.sendUntilStored(message, limit, sending);
      return await limit.race(Promise.race([pending.answer, sent.then(() => pending.answer)]), () => {
        const { failure } = sending;
        const reason = failure === undefined ? undefined : messageOf(failure);
        return new NoAnswerError(asked, limit.milliseconds, reason, { cause: failure });
      });
    } finally {
      sending.isOver = true;
      this.listeners.remove(pending);
    }
  }

  /** A request has the same id however often it is sent, so it may go out again when it is not known to be stored. */
  private async sendUntilStored(message: Message, limit: TimeLimit, sending: Sending): Promise<void> {
    await this.connect();
    const topic = topics.requests(this.options.namespace);
    for (let pause = FIRST_PAUSE_MS; !sending.isOver; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        await this.options.transport.send([{ topic, message }]);
        delete sending.failure;
        return;
      } catch (error) {
        if (error instanceof MessageRefusedError) throw refusedByBroker(error);
        sending.failure = error;
      }
      await limit.pause(pause);
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
        for (const { message } of batch) this.listeners.take(message);
        return Promise.resolve([]);
      },
    });
  }
}

interface Request {
  readonly message: Message;
  readonly asked: Asked;
}

/** How the sending of one request goes. */
interface Sending {
  /** Nobody waits for its answer any more. */
  isOver: boolean;
  /** Why the last attempt was not confirmed. */
  failure?: unknown;
}

function refusedByBroker(error: MessageRefusedError): SagaRefusedError {
  const [refused] = error.refused;
  return new SagaRefusedError(refused?.code ?? error.code, refused?.reason ?? error.message, []);
}
