import { type Message, topics } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { ParticipantModule, type ParticipantOptions, ParticipantServer } from '@skald/participant';
import type { Transport } from '@skald/ports';
import { type LoggerService, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

export const COMMANDS = topics.commands('shop', 'payment');
export const REPLIES = topics.replies('shop');

/** A participant in memory, and what it answers. */
export interface TestParticipant {
  readonly broker: MemoryBroker;
  readonly replies: readonly Message[];
  /** Sends commands together, so that they come as one batch. */
  send(...messages: Message[]): Promise<void>;
  /** Sends commands and waits for as many replies. */
  ask(...messages: Message[]): Promise<readonly Message[]>;
  /** What a saga was answered last, once it was. */
  replyTo(saga: string): Promise<Message>;
  /** The dead letters, once there are as many. */
  deadLetters(count: number): Promise<readonly { code: string | undefined; reason: string | undefined }[]>;
  stop(): Promise<void>;
}

export interface TestSurroundings {
  /** The participant's transport, in place of a common one. */
  readonly around?: (broker: MemoryBroker) => Transport;
  /** Gets what is logged. */
  readonly logs?: string[];
}

export function commandMessage(
  type: string,
  saga: string,
  data: unknown,
  more: Partial<Message> = {},
): Message {
  return {
    specversion: '1.0',
    id: `shop/order@1/${saga}/${type}/do/1`,
    source: '/test',
    type,
    namespace: 'shop',
    sagaid: saga,
    attempt: 1,
    replyto: REPLIES,
    data,
    ...more,
  };
}

/** Commands wait in the topic until the participant is started, so that they make one batch. */
export async function startTestParticipant(
  controllers: readonly Type[],
  options: Partial<ParticipantOptions> = {},
  { around, logs }: TestSurroundings = {},
): Promise<TestParticipant> {
  const broker = new MemoryBroker({ partitions: 1 });
  const transport = new MemoryTransport({ broker });
  const replies: Message[] = [];
  await transport.ensureTopics([COMMANDS, REPLIES]);
  const own = around === undefined ? transport : around(broker);

  @Module({
    imports: [
      ParticipantModule.forRoot({ participant: 'payment', namespace: 'shop', transport: own, ...options }),
    ],
    controllers: [...controllers],
  })
  class PaymentModule {}

  const logger = logs === undefined ? false : loggerInto(logs);
  const app = await NestFactory.create(PaymentModule, { logger, abortOnError: false });
  app.connectMicroservice({ strategy: app.get(ParticipantServer) });
  try {
    await app.startAllMicroservices();
  } catch (error) {
    await app.close();
    throw error;
  }
  await transport.consume({
    group: 'test',
    topics: [REPLIES],
    from: 'beginning',
    maximumBatch: 10,
    handle: (batch) => {
      replies.push(...batch.map(({ message }) => message));
      return Promise.resolve([]);
    },
  });
  const send = (...messages: Message[]): Promise<void> =>
    transport.send(messages.map((message) => ({ topic: COMMANDS, message })));
  return {
    broker,
    replies,
    send,
    ask: async (...messages) => {
      const before = replies.length;
      await send(...messages);
      return until(() => (replies.length >= before + messages.length ? replies.slice(before) : undefined));
    },
    replyTo: (saga) => until(() => replies.findLast(({ sagaid }) => sagaid === saga)),
    deadLetters: (count) =>
      until(() => {
        const letters = broker.messages(topics.deadLetters(COMMANDS));
        if (letters.length < count) return undefined;
        return letters.map(({ headers }) => ({ code: headers['dlq-code'], reason: headers['dlq-reason'] }));
      }),
    stop: async () => {
      await app.close();
      await transport.close();
    },
  };
}

function loggerInto(logs: string[]): LoggerService {
  const keep = (message: unknown): void => {
    logs.push(String(message));
  };
  return { log: keep, warn: keep, error: keep };
}

export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  withinMs = 30_000,
): Promise<T> {
  for (const end = Date.now() + withinMs; Date.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come');
}
