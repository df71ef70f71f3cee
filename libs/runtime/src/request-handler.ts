import {
  type CallAnswer,
  canBeNamed,
  hash64,
  LifecycleType,
  LONGEST_ID,
  type Message,
  orchestratorEvent,
  orchestratorSource,
  type OutgoingMessage,
  printable,
  replyMessage,
  ReplyType,
  RequestType,
  type SagaInstance,
  shortened,
  SkaldError,
  topics,
} from '@skald/core';
import {
  type Clock,
  type DeadLetter,
  type Delivery,
  type Log,
  messageOf,
  MessageRefusedError,
  type RefusedMessage,
  RequestRefusedError,
  type Store,
  type Transport,
  UnknownDefinitionError,
  type UnreadableRequest,
} from '@skald/ports';
import type { DefinitionRegistry } from './definition-registry.js';
import { Answers } from './answers.js';
import { submitBehindStarts } from './behind-starts.js';
import { asksForAnswer, readInbound, UnusableMessageError } from './inbound.js';
import type { LiveDefinitions } from './live-definitions.js';
import { parentCommandOf, parentKey, standingOf } from './parents.js';
import type { WorkResult } from './turn.js';
import type { Work } from './work.js';

export interface RequestHandlerOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly live: LiveDefinitions;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs the work in a turn; one result each, in order. */
  readonly submit: (works: readonly Work[]) => Promise<readonly WorkResult[]>;
}

/** Takes batches of requests and replies: reads them, has them worked on, and answers those that ask for an answer. */
export class RequestHandler {
  constructor(private readonly options: RequestHandlerOptions) {}

  async handle(batch: readonly Delivery[]): Promise<readonly DeadLetter[]> {
    const readable: { delivery: Delivery; work: Work }[] = [];
    const dead: DeadLetter[] = [];
    const answers = new Answers((some) => this.send(some));
    const refused: { readonly message: Message; readonly error: unknown }[] = [];
    const refuse = (delivery: Delivery, error: unknown): void => {
      dead.push(deadLetter(delivery, error));
      refused.push({ message: delivery.message, error });
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
      else if (result?.kind === 'gone') {
        // It has had its effect, so it is no dead letter.
        const { message } = delivery;
        if (asksForAnswer(message)) refused.push({ message, error: result.error });
      } else if (result !== undefined) {
        for (const answer of this.answersTo(delivery.message, result)) {
          await answers.add(answer, shownOf(result));
        }
      }
    }
    await this.answerSnapshots(asked, answers);
    if (refused.length > 0) {
      for (const answer of await this.refusals(refused)) await answers.add(answer);
    }
    // Answers are in no outbox: if they cannot be sent now, the batch comes again.
    await answers.flush();
    return dead;
  }

  /** Answers what could not be read: a reply has nobody who waits for it. */
  async tell(unreadable: readonly UnreadableRequest[]): Promise<void> {
    const own = topics.requests(this.options.namespace);
    const answers = unreadable.flatMap(({ topic, requester, code, reason }) =>
      topic !== own || REPLIES.has(requester.type ?? '')
        ? []
        : [this.event(requester, LifecycleType.refused, { code, message: reason, problems: [] })],
    );
    if (answers.length > 0) await this.send(answers);
  }

  /** Nothing to work on where a message only asks how a saga stands. */
  private read(delivery: Delivery): Read {
    const { namespace, definitions, live } = this.options;
    const { message } = delivery;
    try {
      checkPlace(delivery, namespace);
      const work = message.type === RequestType.get ? undefined : readInbound(message, definitions, live);
      return { delivery, work };
    } catch (error) {
      return { delivery, error };
    }
  }

  /** What the broker will not take is replaced by saying so; what it does not take even then is logged, and given up. */
  private async send(answers: readonly OutgoingMessage[]): Promise<void> {
    const { transport, log } = this.options;
    const tooLarge = await refusedBy(transport, answers);
    if (tooLarge.length === 0) return;
    const shorter = tooLarge.map(({ message, reason }) =>
      orchestratorEvent(this.options.namespace, {
        ...message,
        type: LifecycleType.refused,
        data: { code: 'answer_too_large', message: `the answer cannot be sent: ${shortened(reason, 300)}` },
      }),
    );
    for (const { message, reason } of await refusedBy(transport, shorter)) {
      log.warn(`the answer to request ${printable(message.requestid ?? '', 200)} cannot be sent: ${reason}`);
    }
  }

  /** What whoever waits is told: a parent saga as a reply, anybody else on the lifecycle topic. A reply is not answered. */
  private async refusals(
    refused: readonly { readonly message: Message; readonly error: unknown }[],
  ): Promise<OutgoingMessage[]> {
    const { namespace, store } = this.options;
    const asParents = refused.map(({ message }) => parentCommandOf(message));
    const keys = asParents.flatMap((ref) => (ref === undefined ? [] : [parentKey(ref)]));
    const parents = new Map(
      keys.length === 0 ? [] : (await store.find(keys)).map((parent) => [parent.id, parent]),
    );
    return refused.flatMap(({ message, error }, index) => {
      if (REPLIES.has(message.type)) return [];
      const data = refusalOf(error);
      const ref = asParents[index];
      if (ref === undefined || standingOf(parents.get(ref.sagaId), message.id, message.sagaid) !== 'open') {
        return [this.event(message, LifecycleType.refused, data)];
      }
      const outcome = { kind: 'rejected', code: data.code, message: data.message } as const;
      return [replyMessage({ ...message, sagaid: ref.sagaId }, outcome, orchestratorSource(namespace))];
    });
  }

  private answersTo(request: Message, result: WorkResult): OutgoingMessage[] {
    switch (request.type) {
      case RequestType.start:
        // A new saga's own event tells it, with what else its batch owes, where that can name the request.
        return result.kind === 'started' &&
          asksForAnswer(request) &&
          (!result.isNew || !canBeNamed(request.id))
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

  private async answerSnapshots(asking: readonly Delivery[], answers: Answers): Promise<void> {
    if (asking.length === 0) return;
    const { namespace, store, submit } = this.options;
    const ids = [...new Set(asking.map(({ message }) => message.sagaid))];
    const found = await store.find(ids.map((id) => ({ namespace, id })));
    const instances = new Map(found.map((instance) => [instance.id, instance]));
    const missing = ids.filter((id) => !instances.has(id));
    const starts =
      missing.length === 0 ? new Map<string, string>() : await store.processes.keptStarts(namespace, missing);
    for (const { message } of asking) {
      const { sagaid: id } = message;
      const instance = instances.get(id);
      const definition = starts.get(id);
      if (instance !== undefined) {
        await answers.add(this.answered(message, snapshotOf(instance)), instance.output);
      } else if (definition === undefined) await answers.add(this.unknownSaga(message));
      else await submit([{ kind: 'elsewhere', key: { namespace, id }, definition, message }]);
    }
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

  private event(request: Pick<Message, 'id' | 'sagaid'>, type: string, data: object): OutgoingMessage {
    const { namespace, clock } = this.options;
    return orchestratorEvent(namespace, {
      id: answerId(request.id),
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

const ANSWER = '/answer';

/** Every reader of events takes it, and it is the same for every copy of the request. `requestid` names that whole. */
function answerId(requestId: string): string {
  const isShort = requestId.length + ANSWER.length <= LONGEST_ID;
  return `${isShort ? requestId : hash64(requestId)}${ANSWER}`;
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

/** What an answer shows of a result that may be large. */
function shownOf(result: WorkResult): unknown {
  if (result.kind === 'started') return result.instance.output;
  if (result.kind !== 'applied') return undefined;
  const { answer, instance } = result;
  return answer?.kind === 'answered' ? answer.data : instance.output;
}

const REPLIES: ReadonlySet<string> = new Set(Object.values(ReplyType));

/** A message counts only in its namespace, and on the topic by which its kind comes: who may write there may be limited. */
function checkPlace({ topic, message: { type, namespace: own } }: Delivery, namespace: string): void {
  if (own !== namespace) {
    throw new UnusableMessageError(
      'wrong_namespace',
      `the message is for namespace '${shortened(own, 100)}', this is '${namespace}'`,
    );
  }
  const right = REPLIES.has(type) ? topics.replies(namespace) : topics.requests(namespace);
  if (topic === right) return;
  throw new UnusableMessageError(
    'wrong_topic',
    `a message of type '${shortened(type, 100)}' counts on the topic '${right}' only`,
  );
}

/** Sends what it can. @returns what the broker refuses for good */
async function refusedBy(
  transport: Transport,
  messages: readonly OutgoingMessage[],
): Promise<readonly RefusedMessage[]> {
  try {
    await transport.send(messages);
    return [];
  } catch (error) {
    if (error instanceof MessageRefusedError) return error.refused;
    throw error;
  }
}

function codeOf(error: unknown): string {
  const isKnown = error instanceof UnusableMessageError || error instanceof SkaldError;
  return isKnown ? error.code : 'unexpected_error';
}

function refusalOf(error: unknown): {
  readonly code: string;
  readonly message: string;
  readonly problems: readonly string[];
} {
  const problems = error instanceof RequestRefusedError ? error.problems : [];
  return { code: codeOf(error), message: messageOf(error), problems };
}

function deadLetter(delivery: Delivery, error: unknown): DeadLetter {
  return { delivery, code: codeOf(error), reason: shortened(messageOf(error), LONGEST_REASON) };
}

/** It goes into a header of the dead letter. */
const LONGEST_REASON = 1_000;
