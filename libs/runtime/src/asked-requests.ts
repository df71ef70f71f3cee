import {
  type CallAnswer,
  type Message,
  type OperatorAction,
  type OperatorNote,
  orchestratorSource,
  RequestType,
  SkaldError,
} from '@skald/core';
import {
  ASKED_MS,
  type Clock,
  type InstanceKey,
  type Log,
  messageOf,
  type Processes,
  RequestRefusedError,
  stackOf,
} from '@skald/ports';
import type { DefinitionRegistry } from './definition-registry.js';
import { readInbound, type StartRequest } from './inbound.js';
import type { LiveDefinitions } from './live-definitions.js';
import type { WorkResult } from './turn.js';
import type { OutsideWork, Work } from './work.js';

/** From one process to another only: nobody may send it over the wire. */
const OPERATE = 'skald.saga.operate';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;
/** Who has taken the request up gets so much longer to answer. */
const ANSWER_MS = 5_000;

/** What another process made of a request, as it stands in the store. */
export type AskedAnswer =
  | { readonly kind: 'started'; readonly isNew: boolean }
  | { readonly kind: 'done'; readonly answer?: CallAnswer }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly problems: readonly string[];
    }
  /** It broke; its process's log says why. */
  | { readonly kind: 'failed' };

export interface AskedRequestsOptions {
  readonly namespace: string;
  readonly processes: Processes;
  readonly live: LiveDefinitions;
  readonly clock: Clock;
}

/**
 * Hands requests from inside this process to another one that knows the definition, and waits for what comes of them. So any
 * replica can be asked about any saga, in the middle of a deploy, too.
 */
export class AskedRequests {
  constructor(private readonly options: AskedRequestsOptions) {}

  /**
   * @param definition as messages are kept for it
   * @throws RequestRefusedError what the other process refuses; `no_live_owner` when no live process knows the definition;
   *   `no_owner_answered` when none took the request up in time, and it was withdrawn
   */
  async ask(definition: string, request: Message): Promise<AskedAnswer> {
    const { namespace, processes, live } = this.options;
    await live.refresh();
    if (!live.isKnownElsewhere(definition)) {
      throw new RequestRefusedError(
        'no_live_owner',
        `no live process knows '${nameOf(definition)}', which saga '${request.sagaid}' needs: start one, and ask again`,
      );
    }
    const row = await processes.ask(namespace, definition, request);
    try {
      const answer = await this.untilAnswered(row, definition);
      if (answer.kind === 'refused') {
        throw new RequestRefusedError(answer.code, answer.message, answer.problems);
      }
      return answer;
    } finally {
      await processes.withdraw(row);
    }
  }

  private async untilAnswered(row: string, definition: string): Promise<AskedAnswer> {
    const { processes, clock } = this.options;
    const begin = clock.elapsed();
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await new Promise<void>((resolve) => clock.after(pause, resolve));
      const waited = clock.elapsed() - begin;
      let state = await processes.asked(row);
      if (state?.isTaken === false && waited >= ASKED_MS) {
        state = await processes.withdraw(row);
        if (state?.isTaken === false)
          throw notAnswered(definition, 'nobody took it up, and it was withdrawn');
      }
      if (state?.answer !== undefined) return state.answer as AskedAnswer;
      if (state === undefined || waited >= ASKED_MS + ANSWER_MS) {
        throw notAnswered(
          definition,
          'it was taken up and may have been carried out: look, or ask again with the same id',
        );
      }
    }
  }
}

function notAnswered(definition: string, what: string): RequestRefusedError {
  return new RequestRefusedError(
    'no_owner_answered',
    `a process that knows '${nameOf(definition)}' did not answer the request in time; ${what}`,
  );
}

/** `name@version` of what a message is kept for. */
function nameOf(definition: string): string {
  const end = definition.indexOf('#');
  return end < 0 ? definition : definition.slice(0, end);
}

/** A start as a message for another process. */
export function startMessage(request: StartRequest): Message {
  const { namespace, id, definition, version, input, messageId = crypto.randomUUID() } = request;
  return messageFor({ namespace, id }, messageId, RequestType.start, {
    definition,
    ...(version !== undefined && { version }),
    input,
  });
}

/** What an instance is asked as a message for another process. */
export function outsideMessage(work: OutsideWork): Message {
  const { key } = work;
  switch (work.kind) {
    case 'signal':
      return messageFor(key, work.messageId, RequestType.signal, { signal: work.signal, data: work.data });
    case 'call':
      return messageFor(key, work.messageId, RequestType.call, { call: work.call, data: work.request });
    case 'cancel':
      return messageFor(key, work.messageId ?? crypto.randomUUID(), RequestType.cancel, {
        reason: work.reason,
      });
    case 'operator':
      return messageFor(key, crypto.randomUUID(), OPERATE, { action: work.action, note: work.note });
  }
}

function messageFor(key: InstanceKey, id: string, type: string, data: object): Message {
  return {
    specversion: '1.0',
    id,
    source: orchestratorSource(key.namespace),
    type,
    namespace: key.namespace,
    sagaid: key.id,
    data,
  };
}

/**
 * Reads a request that another process has handed over. It has come in by that one's doors, so it may be what nobody may
 * send over the wire.
 */
export function readAsked(message: Message, definitions: DefinitionRegistry, live: LiveDefinitions): Work {
  if (message.type === OPERATE) {
    const { action, note } = message.data as { action: OperatorAction; note: OperatorNote };
    return { kind: 'operator', key: { namespace: message.namespace, id: message.sagaid }, action, note };
  }
  // Without its message: it is answered, and never kept once more.
  const { message: _, ...work } = readInbound(message, definitions, live);
  return work;
}

/** What the asker is told. */
export function answerOf(result: WorkResult | undefined): AskedAnswer {
  switch (result?.kind) {
    case 'started':
      return { kind: 'started', isNew: result.isNew };
    case 'applied':
      return { kind: 'done', ...(result.answer && { answer: result.answer }) };
    case 'ignored':
    case 'parked':
      return { kind: 'done' };
    case 'elsewhere': {
      const message = `the process that was asked does not know '${nameOf(result.definition)}' either; ask again`;
      return { kind: 'refused', code: 'no_owner_answered', message, problems: [] };
    }
    case 'gone':
    case 'refused':
      throw result.error;
    case undefined:
      return { kind: 'failed' };
  }
}

/** What the asker is told of what was thrown. */
export function failureOf(error: unknown, log: Log): AskedAnswer {
  if (error instanceof RequestRefusedError) {
    return { kind: 'refused', code: error.code, message: error.message, problems: error.problems };
  }
  log.error(`a request of another process broke: ${messageOf(error)}`, stackOf(error));
  return error instanceof SkaldError
    ? { kind: 'refused', code: error.code, message: error.message, problems: [] }
    : { kind: 'failed' };
}
