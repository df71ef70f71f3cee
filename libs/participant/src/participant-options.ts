import type { Duration } from '@skald/core';
import type { LendOptions } from '@skald/postgres';
import type { CrashProbe, Transport } from '@skald/ports';
import type { DataSource } from 'typeorm';

export interface ParticipantOptions extends LendOptions {
  /** The part before the dot in the types of the commands that this service handles. */
  readonly participant: string;
  /** The namespace of the sagas that it takes part in. */
  readonly namespace: string;
  readonly transport: Transport;
  /**
   * The service's own database, with `participantSchema` among its entities and migrations. Leave it out in a service
   * that has none: its handlers are all of the form `transaction: 'none'`, called at least once and with no barrier.
   */
  readonly dataSource?: DataSource;
  /**
   * How many transactions or calls are in hand at a time; each transaction holds a connection of the data source.
   * Commands of one saga keep their order. From 1 to 1,000. Default: 8.
   */
  readonly concurrency?: number;
  /** How many commands are taken from Kafka at a time. From 1 to 10,000. Default: 100. */
  readonly maximumBatch?: number;
  /**
   * How long a handler may take that has no limit of its own; see `HandlerOptions`. From 1 ms to 24 hours. Default: what the
   * orchestrator gives the attempt.
   */
  readonly timeLimit?: Duration;
  /**
   * The largest message that may be sent, in bytes. A reply that would need more has failed (`reply_too_large`) before its
   * effect is committed. From 10,000. Default: what the transport says that it takes, or 900,000.
   */
  readonly maximumMessageBytes?: number;
  /**
   * Where replies may be sent, besides the reply topic of the namespace. A command that asks for a reply elsewhere goes to the
   * dead letters (`foreign_replyto`). Default: nowhere else.
   */
  readonly replyTopics?: readonly string[];
  /**
   * How long the barrier remembers a command. It must be longer than any saga may wait between a command and its
   * compensation, suspended ones included, and longer than Kafka keeps commands: for a command that is forgotten, a copy
   * takes effect again and a compensation undoes nothing. From one hour to a year. Default: 90 days.
   */
  readonly barrierRetention?: Duration;
  /** For crash tests. */
  readonly crashProbe?: CrashProbe;
}
