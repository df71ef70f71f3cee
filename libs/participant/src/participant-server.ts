import { checkIdentifier, topics } from '@skald/core';
import { poolProblem, withConnection } from '@skald/postgres';
import { type Consumer, type DeadLetter, type Delivery, printableLog } from '@skald/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { Barrier } from './barrier.js';
import { BarrierRetention, readRetention } from './barrier-retention.js';
import { SKALD_TRANSPORT } from './command-handler.decorator.js';
import { CommandBatch } from './command-batch.js';
import { PARTICIPANT_OPTIONS } from './participant.module-definition.js';
import type { ParticipantOptions } from './participant-options.js';
import { ServedCommands } from './served-commands.js';

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
  private readonly log = printableLog(this.logger);
  private readonly barrier: Barrier | undefined;
  private readonly retention: BarrierRetention | undefined;
  private readonly source: string;
  private consumer: Consumer | undefined;
  private isClosing = false;

  constructor(@Inject(PARTICIPANT_OPTIONS) private readonly options: ParticipantOptions) {
    super();
    checkIdentifier('participant', 'participant', options.participant);
    checkIdentifier('participant', 'namespace', options.namespace);
    const retentionMs = readRetention(`participant '${options.participant}'`, options.barrierRetention);
    const { dataSource } = options;
    if (dataSource !== undefined) {
      this.barrier = new Barrier(dataSource, options);
      this.retention = new BarrierRetention(dataSource, retentionMs, this.log, options);
    }
    this.source = `/skald/${options.namespace}/${options.participant}`;
  }

  /** Called by Nest when all handlers are known. */
  listen(callback: (error?: unknown) => void): void {
    void this.begin(callback);
  }

  /**
   * Whether it takes commands now; false before it listens, after it was closed, while the broker is away, and while it
   * keeps failing over the same commands.
   */
  isReady(): boolean {
    return this.consumer?.isReady() === true;
  }

  /** Why it keeps failing over the same commands, if it does. For people; holds no payload. */
  problem(): string | undefined {
    return this.consumer?.problem();
  }

  /** Finishes the commands in hand and replies to them; what else came with them goes to the next replica. */
  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.all([this.consumer?.stop(), this.retention?.stop()]);
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
    await this.checkDatabase();
    const served = ServedCommands.read(this.options, this.messageHandlers);
    const commands = topics.commands(namespace, participant);
    await transport.ensureTopics([commands, topics.replies(namespace)]);
    this.consumer = await transport.consume({
      group: `${namespace}.${participant}`,
      topics: [commands],
      from: 'beginning',
      maximumBatch: this.options.maximumBatch ?? 100,
      handle: (batch) => this.handle(batch, served),
    });
    this.retention?.start();
    this.log.log(`${participant} takes ${served.size} kinds of commands from ${commands}`);
  }

  private async checkDatabase(): Promise<void> {
    const { dataSource, participant, concurrency = 8 } = this.options;
    if (dataSource === undefined) return;
    await withConnection(dataSource, this.options, () => Promise.resolve());
    // One more for the barrier's own work beside the transactions.
    const problem = poolProblem(dataSource, concurrency + 1, `a concurrency of ${concurrency}`);
    if (problem !== undefined) this.log.warn(`participant '${participant}': ${problem}`);
  }

  private async handle(batch: readonly Delivery[], served: ServedCommands): Promise<readonly DeadLetter[]> {
    const { transport, concurrency = 8, crashProbe } = this.options;
    const { replies, dead, leftOver } = await CommandBatch.handle(batch, served, {
      barrier: this.barrier,
      concurrency,
      source: this.source,
      crashProbe,
      log: this.log,
      isEnding: () => this.isClosing,
    });
    await crashProbe?.('after commit');
    if (replies.length > 0) await transport.send(replies);
    await crashProbe?.('after send');
    // Unconfirmed, so that all of the batch comes again; the barrier answers what was done.
    if (leftOver > 0) throw new Error(`${leftOver} command(s) of the batch were not begun before the end`);
    return dead;
  }
}
