import {
  type CallAnswer,
  LifecycleType,
  type Message,
  orchestratorEvent,
  orchestratorSource,
  type OutgoingMessage,
  parseCommandId,
  replyMessage,
  RequestType,
  type SagaInstance,
  SkaldError,
} from '@skald/core';
import type { DefinitionRegistry } from './definition-registry.js';
import { submitBehindStarts } from './behind-starts.js';
import { messageOf, RequestRefusedError, UnknownDefinitionError } from './errors.js';
import { asksForAnswer, readInbound, UnusableMessageError } from './inbound.js';
import type { LiveDefinitions } from './live-definitions.js';
import type { Clock, DeadLetter, Delivery, Store, Transport } from './ports.js';
import type { WorkResult } from './turn.js';
import type { Work } from './work.js';

export interface RequestHandlerOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly live: LiveDefinitions;
  readonly clock: Clock;
  /** Runs the work in a turn; one result each, in order. */
  readonly submit: (works: readonly Work[]) => Promise<readonly WorkResult[]>;
}

/** Takes batches of requests and replies: reads them, has them worked on, and answers those that ask for an answer. */
export class RequestHandler {
  constructor(private readonly options: RequestHandlerOptions) {}

  async handle(batch: readonly Delivery[]): Promise<readonly DeadLetter[]> {
    const readable: { delivery: Delivery; work: Work }[] = [];
    const dead: DeadLetter[] = [];
    const answers: OutgoingMessage[] = [];
    const refuse = (delivery: Delivery, error: unknown): void => {
      dead.push(deadLetter(delivery, error));
      const answer = this.refusal(delivery.message, error);
      if (answer !== undefined) answers.push(answer);
    };
    const asked: Delivery[] = [];
    let read = batch.map((delivery) => this.read(delivery));
    if (read.some(isUnknown)) {
      await this.options.live.refresh();
      read = batch.map((delivery) => this.read(delivery));
    }
    for (const one of read) {
      if ('error' in one) refuse(one.delivery, one.error);
      else if (one.work === undefined) asked.push(one.delivery);
      else readable.push({ delivery: one.delivery, work: one.work });
    }
    const results = await submitBehindStarts(
      this.options,
      readable.map(({ work }) => work),
    );
    for (const [index, { delivery }] of readable.entries()) {
      const result = results[index];
      if (result?.kind === 'refused') refuse(delivery, result.error);
      else if (result !== undefined) answers.push(...this.answersTo(delivery.message, result));
    }
    answers.push(...(await this.snapshotsFor(asked)));
    // Answers are in no outbox: if they cannot be sent now, the batch comes again.
    if (answers.length > 0) await this.options.transport.send(answers);
    return dead;
  }

  /** Nothing to work on where a message only asks how a saga stands. */
  private read(delivery: Delivery): Read {
    const { namespace, definitions, live } = this.options;
    const { message } = delivery;
    try {
      checkNamespace(message, namespace);
      const work = message.type === RequestType.get ? undefined : readInbound(message, definitions, live);
      return { delivery, work };
    } catch (error) {
      return { delivery, error };
    }
  }

  /** What whoever waits is told: a parent saga as a reply, anybody else on the lifecycle topic. */
  private refusal(request: Message, error: unknown): OutgoingMessage | undefined {
    if (!(error instanceof RequestRefusedError)) return undefined;
    const isParents = request.type === RequestType.start || request.type === RequestType.undo;
    if (isParents && request.replyto !== undefined) {
      const { sagaId } = parseCommandId(request.id);
      const source = orchestratorSource(this.options.namespace);
      const outcome = { kind: 'rejected', code: error.code, message: error.message } as const;
      return replyMessage({ ...request, sagaid: sagaId }, outcome, source);
    }
    return this.event(request, LifecycleType.refused, {
      code: error.code,
      message: error.message,
      problems: error.problems,
    });
  }

  private answersTo(request: Message, result: WorkResult): OutgoingMessage[] {
    switch (request.type) {
      case RequestType.start:
        // A new saga's own event tells it, with what else its batch owes.
        return result.kind === 'started' && !result.isNew && asksForAnswer(request)
          ? [this.answered(request, snapshotOf(result.instance))]
          : [];
      case RequestType.signal: {
        const isTaken = result.kind === 'applied' || result.kind === 'ignored';
        return isTaken && asksForAnswer(request) ? [this.answered(request, null)] : [];
      }
      case RequestType.cancel:
        return result.kind === 'applied' ? [this.answered(request, snapshotOf(result.instance))] : [];
      default:
        return result.kind === 'applied' && result.answer !== undefined
          ? [this.answer(request, result.answer)]
          : [];
    }
  }

  private async snapshotsFor(asking: readonly Delivery[]): Promise<OutgoingMessage[]> {
    if (asking.length === 0) return [];
    const { namespace, store, submit } = this.options;
    const ids = [...new Set(asking.map(({ message }) => message.sagaid))];
    const found = await store.find(ids.map((id) => ({ namespace, id })));
    const instances = new Map(found.map((instance) => [instance.id, instance]));
    const missing = ids.filter((id) => !instances.has(id));
    const starts =
      missing.length === 0 ? new Map<string, string>() : await store.processes.keptStarts(namespace, missing);
    const answers: OutgoingMessage[] = [];
    for (const { message } of asking) {
      const { sagaid: id } = message;
      const instance = instances.get(id);
      const definition = starts.get(id);
      if (instance !== undefined) answers.push(this.answered(message, snapshotOf(instance)));
      else if (definition === undefined) answers.push(this.unknownSaga(message));
      else await submit([{ kind: 'elsewhere', key: { namespace, id }, definition, message }]);
    }
    return answers;
  }

  private unknownSaga(request: Message): OutgoingMessage {
    const message = `there is no saga '${request.sagaid}'; it never was or is removed`;
    return this.event(request, LifecycleType.refused, { code: 'unknown_saga', message });
  }

  private answer(request: Message, answer: CallAnswer): OutgoingMessage {
    return answer.kind === 'answered'
      ? this.answered(request, answer.data)
      : this.event(request, LifecycleType.refused, { code: answer.code, message: answer.message });
  }

  private answered(request: Message, answer: unknown): OutgoingMessage {
    return this.event(request, LifecycleType.answered, { answer });
  }

  private event(request: Message, type: string, data: object): OutgoingMessage {
    const { namespace, clock } = this.options;
    return orchestratorEvent(namespace, {
      id: `${request.id}/answer`,
      type,
      time: new Date(clock.now()).toISOString(),
      sagaid: request.sagaid,
      requestid: request.id,
      data,
    });
  }
}

type Read =
  | { readonly delivery: Delivery; readonly work: Work | undefined }
  | { readonly delivery: Delivery; readonly error: unknown };

function isUnknown(read: Read): boolean {
  return 'error' in read && read.error instanceof UnknownDefinitionError;
}

/** What a saga tells of itself to whoever asks: how it stands, not what it carries. */
function snapshotOf(instance: SagaInstance): object {
  const { status, definition, output, failure, suspension } = instance;
  return {
    status,
    definition: definition.name,
    version: definition.version,
    ...(status === 'completed' && { output }),
    ...(failure && { failure }),
    ...(suspension && { suspension }),
  };
}

function checkNamespace(message: Message, namespace: string): void {
  if (message.namespace !== namespace) {
    throw new UnusableMessageError(
      'wrong_namespace',
      `the message is for namespace '${message.namespace}', this is '${namespace}'`,
    );
  }
}

function deadLetter(delivery: Delivery, error: unknown): DeadLetter {
  const isKnown = error instanceof UnusableMessageError || error instanceof SkaldError;
  return { delivery, code: isKnown ? error.code : 'unexpected_error', reason: messageOf(error) };
}
