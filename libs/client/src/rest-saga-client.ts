import {
  type AnySaga,
  type CallContract,
  checkIdentifier,
  checkOptions,
  checkWhole,
  DefinitionError,
  type Duration,
  isRecord,
  type OutputOf,
  type SignalContract,
} from '@skald/core';
import { type Clock, systemClock } from '@skald/ports';
import { checkContract, checkData, checkId, checkMessageId, checkReason } from './check.js';
import { NoAnswerError, SagaRefusedError, SagaTimeoutError } from './errors.js';
import { RestSender } from './rest-sender.js';
import {
  type CallReply,
  type CallRequest,
  type RequestOptions,
  SagaClient,
  type SagaHandle,
  type SagaOutcome,
  type SagaSnapshot,
  type SignalData,
  type StartOptions,
} from './saga-client.js';
import { TimeLimit } from './time-limit.js';

export interface RestSagaClientOptions {
  /** Where the orchestrator's REST interface is, e.g. `http://orchestrator:3000`. */
  readonly url: string;
  /** The namespace of the sagas. */
  readonly namespace: string;
  /** How often a followed saga is looked at, at most. Milliseconds, from 1 to 60,000, default: 500; it begins with shorter pauses. */
  readonly pollMs?: number;
  /** Sent with every request, e.g. an `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

const FIRST_POLL_MS = 25;
const LONGEST_POLL_MS = 60_000;
/** The compiler sees that none is missing. */
const OPTIONS: Record<keyof RestSagaClientOptions, true> = {
  url: true,
  namespace: true,
  pollMs: true,
  headers: true,
  clock: true,
};

/** Speaks to sagas over the orchestrator's REST interface, for callers that have no Kafka. */
export class RestSagaClient extends SagaClient {
  private readonly sender: RestSender;
  private readonly clock: Clock;

  /** @throws DefinitionError naming the option that there is not, or is out of its bounds */
  constructor(private readonly options: RestSagaClientOptions) {
    super();
    checkOptions('saga client', '', options, Object.keys(OPTIONS));
    checkIdentifier('saga client', 'namespace', options.namespace);
    if (!/^https?:$/.test(URL.canParse(options.url) ? new URL(options.url).protocol : '')) {
      throw new DefinitionError(
        'saga client',
        'url',
        "write the orchestrator's address, e.g. http://localhost:3000",
      );
    }
    checkWhole('saga client', 'pollMs', options.pollMs ?? 500, 1, LONGEST_POLL_MS);
    const { headers = {} } = options;
    if (!isRecord(headers) || !Object.values(headers).every((value) => typeof value === 'string')) {
      throw new DefinitionError('saga client', 'headers', 'must be an object of texts');
    }
    const sagas = `${options.url.replace(/\/$/, '')}/api/v1/namespaces/${options.namespace}/sagas`;
    this.sender = new RestSender(sagas, headers);
    this.clock = options.clock ?? systemClock;
  }

  async start<S extends AnySaga>(
    saga: S,
    { id, input, messageId = crypto.randomUUID(), timeout }: StartOptions<S>,
  ): Promise<SagaHandle<OutputOf<S>>> {
    checkId(id);
    checkContract('saga', saga);
    checkData(`the input of '${saga.name}'`, saga.input, input);
    checkMessageId(messageId);
    const body = { definition: saga.name, version: saga.version, id, input, messageId };
    await this.sender.send({ kind: 'start', sagaId: id, messageId }, '', body, this.limit(timeout));
    return this.handle(saga, id);
  }

  async follow<S extends AnySaga>(
    saga: S,
    id: string,
    { timeout }: Pick<RequestOptions, 'timeout'> = {},
  ): Promise<SagaHandle<OutputOf<S>>> {
    checkId(id);
    await this.look(id, this.limit(timeout));
    return this.handle(saga, id);
  }

  async get<S extends AnySaga>(
    _saga: S,
    id: string,
    { timeout }: Pick<RequestOptions, 'timeout'> = {},
  ): Promise<SagaSnapshot<OutputOf<S>> | undefined> {
    checkId(id);
    try {
      return await this.look(id, this.limit(timeout));
    } catch (error) {
      if (error instanceof SagaRefusedError && error.code === 'unknown_saga') return undefined;
      throw error;
    }
  }

  async signal<S extends SignalContract>(
    id: string,
    contract: S,
    data: SignalData<S>,
    options: RequestOptions = {},
  ): Promise<void> {
    checkId(id);
    checkContract('signal', contract);
    checkData(`the data of signal '${contract.name}'`, contract.data, data);
    await this.tell('signal', id, { signal: contract.name, data }, options);
  }

  async call<C extends CallContract>(
    id: string,
    contract: C,
    request: CallRequest<C>,
    options: RequestOptions = {},
  ): Promise<CallReply<C>> {
    checkId(id);
    checkContract('call', contract);
    checkData(`the request of call '${contract.name}'`, contract.request, request);
    const answer = await this.tell('call', id, { call: contract.name, request }, options);
    return (isRecord(answer) ? answer['answer'] : undefined) as CallReply<C>;
  }

  async cancel(id: string, reason: string, options: RequestOptions = {}): Promise<void> {
    checkId(id);
    checkReason(reason);
    await this.tell('cancel', id, { reason }, options);
  }

  close(): Promise<void> {
    this.sender.close();
    return Promise.resolve();
  }

  private limit(timeout: Duration | undefined): TimeLimit {
    return new TimeLimit(this.clock, timeout);
  }

  private tell(
    kind: keyof typeof RESOURCES,
    id: string,
    content: object,
    { messageId = crypto.randomUUID(), timeout }: RequestOptions,
  ): Promise<unknown> {
    checkMessageId(messageId);
    const path = `/${encodeURIComponent(id)}/${RESOURCES[kind]}`;
    return this.sender.send(
      { kind, sagaId: id, messageId },
      path,
      { ...content, messageId },
      this.limit(timeout),
    );
  }

  private async look<Output>(id: string, limit: TimeLimit): Promise<SagaSnapshot<Output>> {
    const asked = { kind: 'get', sagaId: id, messageId: id } as const;
    const view = await this.sender.send(asked, `/${encodeURIComponent(id)}`, undefined, limit);
    return view as SagaSnapshot<Output>;
  }

  private handle<S extends AnySaga>(_saga: S, id: string): SagaHandle<OutputOf<S>> {
    return { id, result: ({ timeout } = {}) => this.untilEnded(id, this.limit(timeout)) };
  }

  private async untilEnded<Output>(id: string, limit: TimeLimit): Promise<SagaOutcome<Output>> {
    let isSuspended = false;
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(2 * pause, this.options.pollMs ?? 500)) {
      try {
        const snapshot = await this.look<Output>(id, limit);
        const outcome = outcomeOf(snapshot);
        if (outcome !== undefined) return outcome;
        isSuspended = snapshot.status === 'suspended';
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
      }
      if (limit.left === 0) throw new SagaTimeoutError(id, limit.milliseconds, isSuspended);
      await limit.pause(pause);
    }
  }
}

/** Where each of them is sent to. */
const RESOURCES = { signal: 'signals', call: 'calls', cancel: 'cancel' } as const;

function outcomeOf<Output>(snapshot: SagaSnapshot<Output>): SagaOutcome<Output> | undefined {
  const { status, output, failure } = snapshot;
  if (status === 'completed') return { status, output: output as Output };
  if (status === 'compensated' && failure !== undefined) return { status, failure };
  return status === 'terminated' ? { status } : undefined;
}
