import type { CrashProbe, Transport } from '@skald/runtime';
import type { DataSource } from 'typeorm';

export interface ParticipantOptions {
  /** The part before the dot in the types of the commands that this service handles. */
  readonly participant: string;
  /** The namespace of the sagas that it takes part in. */
  readonly namespace: string;
  readonly transport: Transport;
  /** The service's own database, with `participantSchema` among its entities and migrations. */
  readonly dataSource: DataSource;
  /**
   * How many handlers run at a time; each holds a connection of the data source while it runs. Commands of one saga
   * keep their order. Default: 8.
   */
  readonly concurrency?: number;
  /** How many commands are taken from Kafka at a time. Default: 100. */
  readonly maximumBatch?: number;
  /** For crash tests. */
  readonly crashProbe?: CrashProbe;
}
