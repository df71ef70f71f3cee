import { type Message, topics } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { ParticipantModule, type ParticipantOptions, ParticipantServer } from '@skald/participant';
import { Module, type Type } from '@nestjs/common';
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
  stop(): Promise<void>;
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
): Promise<TestParticipant> {
  const broker = new MemoryBroker({ partitions: 1 });
  const transport = new MemoryTransport({ broker });
  const replies: Message[] = [];

  @Module({
    imports: [
      ParticipantModule.forRoot({ participant: 'payment', namespace: 'shop', transport, ...options }),
    ],
    controllers: [...controllers],
  })
  class PaymentModule {}

  const app = await NestFactory.create(PaymentModule, { logger: false, abortOnError: false });
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
    stop: async () => {
      await app.close();
      await transport.close();
    },
  };
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
