import type { Infra } from '@skald/infra';
import { Logger } from '@nestjs/common';
import { ProcessSystem } from './process-system.js';
import { SingleProcessSystem } from './single-process-system.js';
import { createDatabases, type System } from './system.js';

export interface StartOptions {
  /** Default: the port of the REST interface is a free one. */
  readonly port?: number;
  readonly onLine?: (service: string, line: string) => void;
}

/** Starts Bricklayer on what the infrastructure has: four processes on Kafka, or one process without it. */
export async function startSystem(infra: Infra, options: StartOptions = {}): Promise<System> {
  const databases = await createDatabases(infra, 'bricklayer');
  const namespace = 'bricklayer';
  if (infra.kafka === undefined) {
    console.log(
      `Without Kafka all services run in one process, messages in memory: ${infra.kafkaUnavailable ?? ''}`,
    );
    Logger.overrideLogger(['error']);
    return SingleProcessSystem.start(namespace, databases, options.port);
  }
  return ProcessSystem.start({ namespace, databases, brokers: infra.kafka.brokers, ...options });
}
