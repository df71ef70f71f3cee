import {
  checkIdentifier,
  type CommandContract,
  DefinitionError,
  isRecord,
  type Message,
  type OutgoingMessage,
  replyMessage,
  type ReplyOutcome,
  topics,
} from '@skald/core';
import { type Consumer, type DeadLetter, type Delivery, messageOf, validateData } from '@skald/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { EntityManager } from 'typeorm';
import { Barrier, type FinalOutcome, HandlerFailedError } from './barrier.js';
import { CommandContext } from './command-context.js';
import { type HandlerExtras, SKALD_TRANSPORT } from './command-handler.decorator.js';
import { rejectionOf } from './command-rejected.exception.js';
import { eachLimited } from './each-limited.js';
import { PARTICIPANT_OPTIONS } from './participant.module-definition.js';
import type { ParticipantOptions } from './participant-options.js';

/** One command's way through the service: what to answer, or why it is no command for it. */
type Handled = { readonly reply: OutgoingMessage } | { readonly dead: DeadLetter };

interface ServedCommand {
  readonly contract: CommandContract;
  readonly handler: MessageHandler;
}

/**
 * The transport strategy that makes a Nest application a participant: it takes commands in batches, passes each
 * through the barrier and the application's handler, and sends the replies of a batch together. A batch is confirmed
 * when its replies are sent; until then it comes again, and the barrier answers what was handled.
 *
 *     const app = await NestFactory.create(AppModule);
 *     app.connectMicroservice({ strategy: app.get(ParticipantServer) }, { inheritAppConfig: true });
 *     await app.startAllMicroservices();
 */
@Injectable()
export class ParticipantServer extends Server implements CustomTransportStrategy {
  override readonly transportId = SKALD_TRANSPORT;
  private readonly barrier: Barrier;
  private readonly source: string;
  private readonly commands = new Map<string, ServedCommand>();
  private consumer: Consumer | undefined;
  private isClosing = false;

  constructor(@Inject(PARTICIPANT_OPTIONS) private readonly options: ParticipantOptions) {
    super();
    checkIdentifier('participant', 'participant', options.participant);
    checkIdentifier('participant', 'namespace', options.namespace);
    this.barrier = new Barrier(options.dataSource);
    this.source = `/skald/${options.namespace}/${options.participant}`;
  }

  /** Called by Nest when all handlers are known. */
  listen(callback: (error?: unknown) => void): void {
    void this.begin(callback);
  }

  /** Whether it takes commands now; false before it listens, after it was closed, and while the broker is away. */
  isReady(): boolean {
    return this.consumer?.isReady() === true;
  }

  /** Finishes the commands in hand and replies to them; what else came with them goes to the next replica. */
  async close(): Promise<void> {
    this.isClosing = true;
    await this.consumer?.stop();
  }

  /** There are no events of the transport itself to listen to. */
  on(): void {}

  unwrap(): never {
    throw new Error('there is nothing to unwrap; use the Transport given to ParticipantModule');
  }

  private async begin(callback: (error?: unknown) => void): Promise<void> {
    try {
      await this.subscribe();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  private async subscribe(): Promise<void> {
    const { namespace, participant, transport } = this.options;
    this.readHandlers();
    const commands = topics.commands(namespace, participant);
    await transport.ensureTopics([commands, topics.replies(namespace)]);
    this.consumer = await transport.consume({
      group: `${namespace}.${participant}`,
      topics: [commands],
      from: 'beginning',
      maximumBatch: this.options.maximumBatch ?? 100,
      handle: (batch) => this.handle(batch),
    });
    this.logger.log(`${participant} takes ${this.commands.size} kinds of commands from ${commands}`);
  }

  private readHandlers(): void {
    const { participant } = this.options;
    for (const [type, handler] of this.messageHandlers) {
      const extras: Partial<HandlerExtras> = handler.extras ?? {};
      // Handlers of other transports of a hybrid application.
      if (extras.contract === undefined) continue;
      if (extras.contract.participant !== participant) {
        throw new DefinitionError(
          `participant '${participant}'`,
          '@CommandHandler',
          `'${type}' belongs to the participant '${extras.contract.participant}'`,
        );
      }
      this.commands.set(type, { contract: extras.contract, handler });
    }
    if (this.commands.size === 0) {
      throw new DefinitionError(
        `participant '${participant}'`,
        undefined,
        'has no @CommandHandler; put one on a method of a controller',
      );
    }
  }

  private async handle(batch: readonly Delivery[]): Promise<readonly DeadLetter[]> {
    const replies: OutgoingMessage[] = [];
    const dead: DeadLetter[] = [];
    let leftOver = 0;
    await eachLimited(bySaga(batch), this.options.concurrency ?? 8, async (deliveries) => {
      for (const delivery of deliveries) {
        if (this.isClosing) {
          leftOver += 1;
          continue;
        }
        const handled = await this.handleOne(delivery);
        if ('reply' in handled) replies.push(handled.reply);
        else dead.push(handled.dead);
      }
    });
    await this.options.crashProbe?.('after commit');
    if (replies.length > 0) await this.options.transport.send(replies);
    await this.options.crashProbe?.('after send');
    // Unconfirmed, so that all of the batch comes again; the barrier answers what was done.
    if (leftOver > 0) throw new Error(`${leftOver} command(s) of the batch were not begun before the end`);
    return dead;
  }

  private async handleOne(delivery: Delivery): Promise<Handled> {
    const { message } = delivery;
    if (message.namespace !== this.options.namespace) {
      const reason = `the command is for namespace '${message.namespace}', this is '${this.options.namespace}'`;
      return { dead: { delivery, code: 'wrong_namespace', reason } };
    }
    const served = this.commands.get(message.type);
    if (served === undefined) {
      const known = [...this.commands.keys()].join(', ');
      const reason = `'${message.type}' is not handled here; known: ${known}`;
      return { dead: { delivery, code: 'unknown_type', reason } };
    }
    return { reply: replyMessage(message, await this.outcomeOf(message, served), this.source) };
  }

  private async outcomeOf(message: Message, served: ServedCommand): Promise<ReplyOutcome> {
    const command = { id: message.id, compensates: message.compensates };
    try {
      return await this.barrier.pass(
        command,
        (transaction) => this.callHandler(message, served, transaction),
        () => this.options.crashProbe?.('before commit') ?? Promise.resolve(),
      );
    } catch (error) {
      if (!(error instanceof HandlerFailedError)) throw error;
      const text = messageOf(error.cause).slice(0, 500);
      this.logger.warn(`${message.id} failed at attempt ${message.attempt ?? 1}: ${text}`);
      return { kind: 'failed', code: 'handler_failed', message: text };
    }
  }

  private async callHandler(
    message: Message,
    { contract, handler }: ServedCommand,
    transaction: EntityManager,
  ): Promise<FinalOutcome> {
    const checked = validateData(contract.request, message.data);
    if ('problems' in checked) {
      // Kept by the barrier like every no: a later copy must not be let through after the saga has turned back.
      return {
        kind: 'rejected',
        code: 'invalid_request',
        message: checked.problems.join('; ').slice(0, 1_000),
      };
    }
    const context = new CommandContext(message, transaction);
    try {
      const result: unknown = await handler(checked.value, context);
      const reply: unknown = await lastValueFrom(this.transformToObservable(result), { defaultValue: null });
      return { kind: 'succeeded', data: reply ?? null };
    } catch (error) {
      const rejection = rejectionOf(error);
      if (rejection === undefined) throw isMasked(error) ? (context.failure ?? error) : error;
      const { code, message: reason } = rejection;
      if (!contract.rejections.includes(code)) {
        throw new Error(`'${contract.type}' has no rejection '${code}'; add it to the contract`, {
          cause: error,
        });
      }
      return { kind: 'rejected', code, message: reason };
    }
  }
}

/** Nest's text in place of an error that no filter caught. */
function isMasked(error: unknown): boolean {
  return isRecord(error) && error['status'] === 'error' && error['message'] === 'Internal server error';
}

/** Commands of one saga in their order; those of different sagas may run side by side. */
function bySaga(batch: readonly Delivery[]): Delivery[][] {
  const groups = new Map<string, Delivery[]>();
  for (const delivery of batch) {
    const group = groups.get(delivery.message.sagaid);
    if (group === undefined) groups.set(delivery.message.sagaid, [delivery]);
    else group.push(delivery);
  }
  return [...groups.values()];
}
