import { type AnySaga, replyMessage, topics } from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import { orchestratorSchema } from '@skald/postgres';
import { type INestApplication, Logger } from '@nestjs/common';
import { type RestAddress, startOrchestrator } from '../../apps/orchestrator/src/start-orchestrator.js';
import { freshDatabase, testKafkaBrokers, uniqueName } from './real-services.js';

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** An orchestrator in the test's own process, on the run's Kafka and PostgreSQL, with participants that say yes. */
export interface TestOrchestrator {
  readonly namespace: string;
  /** Of the REST interface. */
  readonly url: string;
  /** The types of the commands that the yes-saying participants have handled. */
  readonly handled: readonly string[];
  transport(): KafkaTransport;
  /** Ends the process's part that takes requests, until it comes back. What is stored stays. */
  goAway(): Promise<void>;
  /** At the same address. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/** @param participants those that answer every command with success */
export async function startTestOrchestrator(
  sagas: readonly AnySaga[],
  participants: readonly string[],
  address: Partial<RestAddress> = {},
): Promise<TestOrchestrator> {
  Logger.overrideLogger(false);
  const namespace = uniqueName('orchestrated');
  const database = await freshDatabase(orchestratorSchema);
  const transports: KafkaTransport[] = [];
  const transport = (): KafkaTransport => {
    const made = new KafkaTransport({ brokers: testKafkaBrokers(), clientId: namespace, log: SILENT });
    transports.push(made);
    return made;
  };
  const surroundings = { namespace, databaseUrl: database.url, transport: transport() };
  const start = (port: number): Promise<INestApplication> =>
    startOrchestrator(surroundings, { ...address, port }, {}, sagas);
  let app = await start(0);
  const url = await app.getUrl();
  let isAway = false;
  const handled: string[] = [];
  const saying = transport();
  const commands = participants.map((name) => topics.commands(namespace, name));
  await saying.ensureTopics(commands);
  await saying.consume({
    group: `${namespace}.participants`,
    topics: commands,
    from: 'beginning',
    maximumBatch: 100,
    handle: async (batch) => {
      const yes = { kind: 'succeeded', data: { reservationId: 'r-1', paymentId: 'p-1' } } as const;
      handled.push(...batch.map(({ message }) => message.type));
      await saying.send(batch.map(({ message }) => replyMessage(message, yes, '/test')));
      return [];
    },
  });
  return {
    namespace,
    url,
    handled,
    transport,
    goAway: async () => {
      await app.close();
      isAway = true;
    },
    comeBack: async () => {
      app = await start(Number(new URL(url).port));
      isAway = false;
    },
    stop: async () => {
      if (!isAway) await app.close();
      for (const one of transports) await one.close();
      await database.drop();
    },
  };
}
