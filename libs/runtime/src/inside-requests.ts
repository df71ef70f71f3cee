import { type CallAnswer, checkJson, NotJsonError, type SagaInstance } from '@skald/core';
import { type Clock, RequestRefusedError, type Store, UnknownDefinitionError } from '@skald/ports';
import { AskedRequests, outsideMessage, startMessage } from './asked-requests.js';
import type { DefinitionRegistry } from './definition-registry.js';
import { readStart, type StartRequest } from './inbound.js';
import type { LiveDefinitions } from './live-definitions.js';
import type { WorkResult } from './turn.js';
import type { ElsewhereWork, OutsideWork, StartWork, Work } from './work.js';

export interface InsideRequestsOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly definitions: DefinitionRegistry;
  readonly live: LiveDefinitions;
  readonly clock: Clock;
  /** Runs the work in a turn; one result each, in order. */
  readonly submit: (works: readonly Work[]) => Promise<readonly WorkResult[]>;
}

export interface Started {
  readonly instance: SagaInstance;
  /** False when a saga with this id, definition and input had been started before. */
  readonly isNew: boolean;
}

export interface Applied {
  /** Nothing when the request changed nothing, or removed it. */
  readonly instance?: SagaInstance;
  readonly answer?: CallAnswer;
}

/** Requests from inside this process: worked on here, or by another process where only that one knows the definition. */
export class InsideRequests {
  private readonly asked: AskedRequests;

  constructor(private readonly options: InsideRequestsOptions) {
    this.asked = new AskedRequests({ ...options, processes: options.store.processes });
  }

  /** @throws RequestRefusedError */
  async start(request: StartRequest): Promise<Started> {
    checkGiven(request.input, 'the input');
    const work = await this.readStart(request);
    if (work.kind === 'start') {
      const result = await this.submit(work);
      if (result.kind !== 'started') throw new Error(`a start came to '${result.kind}'`);
      return { instance: result.instance, isNew: result.isNew };
    }
    const answer = await this.asked.ask(work.definition, startMessage(request));
    const [instance] = await this.options.store.find([work.key]);
    if (answer.kind !== 'started' || instance === undefined) throw brokenElsewhere();
    return { instance, isNew: answer.isNew };
  }

  /** @throws RequestRefusedError */
  async outside(work: OutsideWork): Promise<Applied> {
    checkGivenIn(work);
    const result = await this.submit(work);
    if (result.kind === 'applied') return result;
    if (result.kind !== 'elsewhere') return {};
    const { definition } = result;
    const message = outsideMessage(work);
    try {
      const answer = await this.asked.ask(definition, message);
      if (answer.kind !== 'done') throw brokenElsewhere();
      const [instance] = await this.options.store.find([work.key]);
      return { ...(instance && { instance }), ...(answer.answer && { answer: answer.answer }) };
    } catch (error) {
      // Nobody waits for what comes of a signal, so it waits for its owner.
      const waits = error instanceof RequestRefusedError && error.code === 'no_live_owner';
      if (!waits || work.kind !== 'signal') throw error;
      await this.submit({ kind: 'elsewhere', key: work.key, definition, message });
      return {};
    }
  }

  private async readStart(request: StartRequest): Promise<StartWork | ElsewhereWork> {
    const { definitions, live } = this.options;
    try {
      return readStart(request, definitions, live);
    } catch (error) {
      if (!(error instanceof UnknownDefinitionError)) throw error;
      await live.refresh();
      return readStart(request, definitions, live);
    }
  }

  private async submit(work: Work): Promise<WorkResult> {
    const [result] = await this.options.submit([work]);
    if (result === undefined) throw new Error('the turn gave no result');
    if (result.kind === 'refused' || result.kind === 'gone') throw result.error;
    return result;
  }
}

function checkGivenIn(work: OutsideWork): void {
  switch (work.kind) {
    case 'signal':
      checkGiven(work.data, 'the data of the signal');
      return;
    case 'call':
      checkGiven(work.request, 'the data of the call');
      return;
    case 'operator':
      if ('data' in work.action) checkGiven(work.action.data, 'the data');
      if ('output' in work.action) checkGiven(work.action.output, 'the output');
      return;
    case 'cancel':
  }
}

/**
 * What comes from this process was not read from JSON, and must be stored as it is all the same.
 *
 * @throws RequestRefusedError naming the place
 */
function checkGiven(value: unknown, what: string): void {
  if (value === undefined) return;
  try {
    checkJson(value, what);
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error;
    throw new RequestRefusedError('invalid_input', error.message);
  }
}

function brokenElsewhere(): Error {
  return new Error('the request broke in the process that knows the definition; the log there says why');
}
