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
import { messageOf, RequestRefusedError } from './errors.js';
import { asksForAnswer, readInbound, UnusableMessageError } from './inbound.js';
import type { Clock, DeadLetter, Delivery, Store, Transport } from './ports.js';
import type { WorkResult } from './turn.js';
import type { Work } from './work.js';

export interface RequestHandlerOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly clock: Clock;
  /** Runs the work in a turn; one result each, in order. */
  readonly submit: (works: readonly Work[]) => Promise<readonly WorkResult[]>;
}

/** Takes batches of requests and replies: reads them, has them worked on, and answers those that ask for an answer. */
export class RequestHandler {
  constructor(private readonly options: RequestHandlerOptions) {}

  async handle(batch: readonly Delivery[]): Promise<readonly DeadLetter[]> {
    const { namespace, definitions, submit, transport } = this.options;
    const readable: { delivery: Delivery; work: Work }[] = [];
    const dead: DeadLetter[] = [];
    const answers: OutgoingMessage[] = [];
    const refuse = (delivery: Delivery, error: unknown): void => {
      dead.push(deadLetter(delivery, error));
      const answer = this.refusal(delivery.message, error);
      if (answer !== undefined) answers.push(answer);
    };
    const asked: Message[] = [];
    for (const delivery of batch) {
      const { message } = delivery;
      try {
        checkNamespace(message, namespace);
        if (message.type === RequestType.get) asked.push(message);
        else readable.push({ delivery, work: readInbound(message, definitions) });
      } catch (error) {
        refuse(delivery, error);
      }
    }
    const results = await submit(readable.map(({ work }) => work));
    for (const [index, { delivery }] of readable.entries()) {
      const result = results[index];
      if (result?.kind === 'refused') refuse(delivery, result.error);
      else if (result !== undefined) answers.push(...this.answersTo(delivery.message, result));
    }
    for (const message of asked) answers.push(await this.snapshotFor(message));
    // Answers are in no outbox: if they cannot be sent now, the batch comes again.
    if (answers.length > 0) await transport.send(answers);
    return dead;
  }

  /** What whoever waits is told: a parent saga as a reply, anybody else on the lifecycle topic. */
  private refusal(request: Message, error: unknown): OutgoingMessage | undefined {
    if (!(error instanceof RequestRefusedError)) return undefined;
    if (request.type === RequestType.start && request.replyto !== undefined) {
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

  private async snapshotFor(request: Message): Promise<OutgoingMessage> {
    const { namespace, store } = this.options;
    const [instance] = await store.find([{ namespace, id: request.sagaid }]);
    if (instance !== undefined) return this.answered(request, snapshotOf(instance));
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
