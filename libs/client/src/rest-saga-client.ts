import {
  type AnySaga,
  type CallContract,
  checkIdentifier,
  type Duration,
  type InputOf,
  isRecord,
  type OutputOf,
  readDuration,
  type SignalContract,
} from '@skald/core';
import { type Clock, systemClock } from '@skald/runtime';
import { checkData, checkId } from './check.js';
import { RestError, SagaRefusedError, SagaTimeoutError } from './errors.js';
import {
  type CallReply,
  type CallRequest,
  type RequestOptions,
  SagaClient,
  type SagaHandle,
  type SagaOutcome,
  type SagaSnapshot,
  type SignalData,
} from './saga-client.js';

export interface RestSagaClientOptions {
  /** Where the orchestrator's REST interface is, e.g. `http://orchestrator:3000`. */
  readonly url: string;
  /** The namespace of the sagas. */
  readonly namespace: string;
  /** How often a followed saga is looked at, at most. Milliseconds, default: 500; it begins with shorter pauses. */
  readonly pollMs?: number;
  /** Sent with every request, e.g. an `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/** Speaks to sagas over the orchestrator's REST interface, for callers that have no Kafka. */
export class RestSagaClient extends SagaClient {
  private readonly base: string;
  private readonly clock: Clock;

  constructor(private readonly options: RestSagaClientOptions) {
    super();
    checkIdentifier('saga client', 'namespace', options.namespace);
    this.base = `${options.url.replace(/\/$/, '')}/api/v1/namespaces/${options.namespace}/sagas`;
    this.clock = options.clock ?? systemClock;
  }

  async start<S extends AnySaga>(
    saga: S,
    { id, input }: { readonly id: string; readonly input: InputOf<S> },
  ): Promise<SagaHandle<OutputOf<S>>> {
    checkId(id);
    checkData(`the input of '${saga.name}'`, saga.input, input);
    await this.request('POST', '', { definition: saga.name, id, input });
    return this.handle(saga, id);
  }

  async follow<S extends AnySaga>(saga: S, id: string): Promise<SagaHandle<OutputOf<S>>> {
    checkId(id);
    return this.handle(saga, id);
  }

  async get<S extends AnySaga>(
    _saga: S,
    id: string,
    { timeout }: Pick<RequestOptions, 'timeout'> = {},
  ): Promise<SagaSnapshot<OutputOf<S>> | undefined> {
    checkId(id);
    try {
      const view = await this.request('GET', `/${encodeURIComponent(id)}`, undefined, timeout);
      return view as SagaSnapshot<OutputOf<S>>;
    } catch (error) {
      if (error instanceof SagaRefusedError && error.code === 'unknown_saga') return undefined;
      throw error;
    }
  }

  async signal<S extends SignalContract>(
    id: string,
    contract: S,
    data: SignalData<S>,
    { messageId = crypto.randomUUID() }: Pick<RequestOptions, 'messageId'> = {},
  ): Promise<void> {
    checkId(id);
    checkData(`the data of signal '${contract.name}'`, contract.data, data);
    await this.request('POST', `/${encodeURIComponent(id)}/signals`, {
      signal: contract.name,
      messageId,
      data,
    });
  }

  async call<C extends CallContract>(
    id: string,
    contract: C,
    request: CallRequest<C>,
    { messageId = crypto.randomUUID(), timeout }: RequestOptions = {},
  ): Promise<CallReply<C>> {
    checkId(id);
    checkData(`the request of call '${contract.name}'`, contract.request, request);
    const body = { call: contract.name, messageId, request };
    const answer = await this.request('POST', `/${encodeURIComponent(id)}/calls`, body, timeout);
    return (isRecord(answer) ? answer['answer'] : undefined) as CallReply<C>;
  }

  async cancel(id: string, reason: string, { timeout }: Pick<RequestOptions, 'timeout'> = {}): Promise<void> {
    checkId(id);
    await this.request('POST', `/${encodeURIComponent(id)}/cancel`, { reason }, timeout);
  }

  async close(): Promise<void> {}

  private handle<S extends AnySaga>(saga: S, id: string): SagaHandle<OutputOf<S>> {
    return { id, result: ({ timeout } = {}) => this.untilEnded(saga, id, timeout) };
  }

  private async untilEnded<S extends AnySaga>(
    saga: S,
    id: string,
    timeout: Duration = '30s',
  ): Promise<SagaOutcome<OutputOf<S>>> {
    const milliseconds = readDuration('saga client', 'timeout', timeout);
    const deadline = this.clock.now() + milliseconds;
    for (let pause = 25; ; pause = Math.min(2 * pause, this.options.pollMs ?? 500)) {
      const snapshot = await this.get(saga, id);
      if (snapshot === undefined) throw new SagaRefusedError('unknown_saga', `there is no saga '${id}'`, []);
      const outcome = outcomeOf(snapshot);
      if (outcome !== undefined) return outcome;
      if (this.clock.now() + pause > deadline) {
        throw new SagaTimeoutError(id, milliseconds, snapshot.status === 'suspended');
      }
      await new Promise<void>((resolve) => this.clock.after(pause, resolve));
    }
  }

  private async request(
    method: 'GET' | 'POST',
    path: string,
    body: object | undefined,
    timeout: Duration = '30s',
  ): Promise<unknown> {
    const response = await fetch(`${this.base}${path}`, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json', ...this.options.headers },
      signal: AbortSignal.timeout(readDuration('saga client', 'timeout', timeout)),
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer: unknown = text === '' ? undefined : JSON.parse(text);
    if (response.ok) return answer;
    const problem = isRecord(answer) ? answer : {};
    const type = String(problem['type']);
    const detail = typeof problem['detail'] === 'string' ? problem['detail'] : response.statusText;
    const known = /^urn:skald:problem:(.+)$/.exec(type)?.[1];
    if (known === undefined) throw new RestError(response.status, detail);
    const errors = Array.isArray(problem['errors']) ? problem['errors'].map(String) : [];
    throw new SagaRefusedError(known, detail, errors);
  }
}

function outcomeOf<Output>(snapshot: SagaSnapshot<Output>): SagaOutcome<Output> | undefined {
  const { status, output, failure } = snapshot;
  if (status === 'completed') return { status, output: output as Output };
  if (status === 'compensated' && failure !== undefined) return { status, failure };
  return status === 'terminated' ? { status } : undefined;
}
