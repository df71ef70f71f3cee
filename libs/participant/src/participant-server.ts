import { setTimeout as sleep } from 'node:timers/promises';
import { topics } from '@skald/core';
import { checkSessionPooler, databaseTimeOf, isAway, poolProblem, withConnection } from '@skald/postgres';
import {
  classesOfCommand,
  type Consumer,
  type DeadLetter,
  type Delivery,
  type JobReport,
  onceThere,
  printableLog,
  TransportUnavailableError,
  uncheckedClasses,
} from '@skald/ports';
import { Inject, Injectable } from '@nestjs/common';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { Barrier } from './barrier.js';
import { BarrierRetention } from './barrier-retention.js';
import { SKALD_TRANSPORT } from './command-handler.decorator.js';
import { CommandBatch } from './command-batch.js';
import { PARTICIPANT_OPTIONS } from './participant.module-definition.js';
import type { ParticipantOptions } from './participant-options.js';
import { type ParticipantSettings, readParticipantOptions } from './read-options.js';
import { ServedCommands } from './served-commands.js';

/** What is left of a batch belongs to the next replica: nothing is wrong with it. */
class ServiceEndsError extends TransportUnavailableError {
  readonly code = 'service_ends';

  constructor(leftOver: number) {
    super(`${leftOver} command(s) of the batch were not begun before the service ended`);
  }
}

/**
 * The transport strategy that makes a Nest application a participant: it takes commands in batches, passes each
 * through the barrier and the application's handler, and sends each reply as soon as what it tells of is committed. A
 * batch is confirmed when all its replies are sent; until then it comes again, and the barrier answers what was handled.
 *
 *     const app = await NestFactory.create(AppModule);
 *     app.connectMicroservice({ strategy: app.get(ParticipantServer) }, { inheritAppConfig: true });
 *     await app.startAllMicroservices();
 */
@Injectable()
export class ParticipantServer extends Server implements CustomTransportStrategy {
  override readonly transportId = SKALD_TRANSPORT;
  private readonly log = printableLog(this.logger);
  private readonly settings: ParticipantSettings;
  private readonly barrier: Barrier | undefined;
  private readonly retention: BarrierRetention | undefined;
  private readonly source: string;
  private readonly now: () => number;
  private consumer: Consumer | undefined;
  private isClosing = false;

  constructor(@Inject(PARTICIPANT_OPTIONS) private readonly options: ParticipantOptions) {
    super();
    this.settings = readParticipantOptions(options);
    const { dataSource } = options;
    if (dataSource !== undefined) {
      this.barrier = new Barrier(dataSource, options);
      this.retention = new BarrierRetention(dataSource, this.settings.retentionMs, this.log, options);
    }
    const time = dataSource && databaseTimeOf(dataSource);
    this.now = () => time?.now() ?? Date.now();
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

  /** What a person should look at though it takes commands: that old rows of its barrier are not removed, again and again. */
  warnings(): readonly string[] {
    const problem = this.retention?.problem();
    return problem === undefined ? [] : [problem];
  }

  /** How the jobs that run by themselves get on; none without a database. */
  jobReports(): readonly JobReport[] {
    return this.retention === undefined ? [] : [this.retention.report()];
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
    const { replyTopics, maximumBatch } = this.settings;
    const served = ServedCommands.read({ ...this.options, replyTopics }, this.messageHandlers);
    for (const warning of uncheckedClasses(served.contracts().flatMap(classesOfCommand)))
      this.log.warn(warning);
    const commands = topics.commands(namespace, participant);
    await transport.ensureTopics([commands, ...replyTopics]);
    this.consumer = await transport.consume({
      group: `${namespace}.${participant}`,
      topics: [commands],
      from: 'beginning',
      maximumBatch,
      handle: (batch) => this.handle(batch, served),
    });
    this.retention?.start();
    this.log.log(`${participant} takes ${served.size} kinds of commands from ${commands}`);
  }

  private async checkDatabase(): Promise<void> {
    const { dataSource, participant } = this.options;
    const { concurrency } = this.settings;
    if (dataSource === undefined) return;
    const check = async (): Promise<void> => {
      await withConnection(dataSource, this.options, () => Promise.resolve());
      await checkSessionPooler(dataSource, this.options);
    };
    await onceThere(check, {
      what: 'the database',
      log: this.log,
      isAway: (error) => !this.isClosing && isAway(error),
      pause: (milliseconds) => sleep(milliseconds),
    });
    // One more for the barrier's own work beside the transactions.
    const problem = poolProblem(dataSource, concurrency + 1, `a concurrency of ${concurrency}`);
    if (problem !== undefined) this.log.warn(`participant '${participant}': ${problem}`);
  }

  private async handle(batch: readonly Delivery[], served: ServedCommands): Promise<readonly DeadLetter[]> {
    const { transport, crashProbe } = this.options;
    const { dead, leftOver } = await CommandBatch.handle(batch, served, {
      barrier: this.barrier,
      ...this.settings,
      now: this.now,
      transport,
      source: this.source,
      crashProbe,
      log: this.log,
      isEnding: () => this.isClosing,
    });
    // Unconfirmed, so that all of the batch comes again; the barrier answers what was done.
    if (leftOver > 0) throw new ServiceEndsError(leftOver);
    return dead;
  }
}
