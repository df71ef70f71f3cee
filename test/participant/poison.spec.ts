import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command, type Message, topics } from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import { CommandContext, CommandHandler, ParticipantModule, ParticipantServer } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsInt } from 'class-validator';
import { Kafka, logLevel } from 'kafkajs';
import { kafkaHarness } from '../contracts/kafka-harness.js';
import { silence, type TransportHarness, type WireRecord } from '../contracts/transport-harness.js';
import { freshDatabase, testKafkaBrokers, uniqueName } from '../setup/real-services.js';
import { commandMessage, until } from './participant-harness.js';

const GOOD = 2_000;
const POISON = 200;

class Charge {
  @IsInt()
  number!: number;
}
const ChargeCommand = command('payment.charge', { request: Charge });

@Controller()
class PaymentsController {
  @CommandHandler(ChargeCommand, { transaction: 'shared' })
  async charge({ number }: Charge, ctx: CommandContext<typeof ChargeCommand>): Promise<void> {
    await ctx.transaction.query('INSERT INTO payment VALUES ($1)', [number]);
  }
}

/** Kinds of messages that can never be handled, and the reason that their dead letters give. */
const KINDS: readonly (readonly [code: string, reason: RegExp, value: (number: number) => string])[] = [
  ['malformed_message', /^the value is not JSON$/, (number) => `{"number": ${number}, and so on`],
  ['malformed_message', /^the message is not a JSON object$/, (number) => `[${number}]`],
  [
    'malformed_message',
    /^the attribute 'sagaid' is missing$/,
    (number) => JSON.stringify({ ...good(number), sagaid: undefined }),
  ],
  [
    'unknown_type',
    /^'payment.dance' is not handled here; known: payment.charge$/,
    (number) => JSON.stringify({ ...good(number), type: 'payment.dance' }),
  ],
  [
    'wrong_namespace',
    /^the command is for namespace 'elsewhere'/,
    (number) => JSON.stringify({ ...good(number), namespace: 'elsewhere' }),
  ],
];

const namespace = uniqueName('poison');

function good(number: number, more: Partial<Message> = {}): Message {
  return commandMessage(
    ChargeCommand.type,
    `saga-${number}`,
    { number },
    {
      namespace,
      replyto: topics.replies(namespace),
      ...more,
    },
  );
}

describe('poison messages among good ones, on real Kafka and real PostgreSQL', () => {
  const commands = topics.commands(namespace, 'payment');
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let harness: TransportHarness;
  let transport: KafkaTransport;
  let app: INestApplication;
  let letters: WireRecord[];

  beforeAll(async () => {
    database = await freshDatabase(participantSchema);
    await database.dataSource.query('CREATE TABLE payment (number integer)');
    harness = await kafkaHarness();
    transport = new KafkaTransport({ brokers: testKafkaBrokers(), clientId: 'poison', log: silence });
    const { dataSource } = database;

    @Module({
      imports: [ParticipantModule.forRoot({ participant: 'payment', namespace, transport, dataSource })],
      controllers: [PaymentsController],
    })
    class PaymentModule {}

    app = await NestFactory.create(PaymentModule, { logger: false });
    app.connectMicroservice({ strategy: app.get(ParticipantServer) });
    await transport.ensureTopics([commands]);
    await harness.produceRaw(commands, mixed());
    await app.startAllMicroservices();
    await until(async () => ((await lag()) === 0 ? true : undefined));
    letters = await harness.records(topics.deadLetters(commands));
  });
  afterAll(async () => {
    await app?.close();
    await transport?.close();
    await harness?.close();
    await database?.drop();
  });

  /** A poison message behind every tenth good one, and one more message whose payload does not fit. */
  function mixed(): Pick<WireRecord, 'key' | 'value'>[] {
    const records: Pick<WireRecord, 'key' | 'value'>[] = [];
    let poison = 0;
    for (let number = 0; number < GOOD; number += 1) {
      records.push({ key: `saga-${number}`, value: JSON.stringify(good(number)) });
      const kind = KINDS[poison % KINDS.length];
      if (number % (GOOD / POISON) !== 0 || kind === undefined) continue;
      poison += 1;
      const [, , value] = kind;
      // Under the key of the good one, so that it lies before others in its partition.
      records.push({ key: `saga-${number}`, value: value(GOOD + number) });
    }
    const unfit = good(9_999, { data: { number: 'many' } });
    return [...records, { key: unfit.sagaid, value: JSON.stringify(unfit) }];
  }

  async function lag(): Promise<number> {
    const kafka = new Kafka({ brokers: testKafkaBrokers(), logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    try {
      const ends = await admin.fetchTopicOffsets(commands);
      const [confirmed] = await admin.fetchOffsets({ groupId: `${namespace}.payment`, topics: [commands] });
      return ends.reduce((sum, { partition, high }) => {
        const offset = confirmed?.partitions.find((one) => one.partition === partition)?.offset ?? '-1';
        return sum + Number(high) - Math.max(0, Number(offset));
      }, 0);
    } finally {
      await admin.disconnect();
    }
  }

  it('2,000 good ones have 2,000 effects', async () => {
    const [row]: { count: number; different: number }[] = await database.dataSource.query(
      'SELECT count(*)::int AS count, count(DISTINCT number)::int AS different FROM payment',
    );
    expect(row).toEqual({ count: GOOD, different: GOOD });
  });

  it('200 poison messages are 200 dead letters, unchanged and each with its reason', () => {
    expect(letters).toHaveLength(POISON);
    for (const [code, reason, value] of KINDS) {
      const ofKind = letters.filter(({ headers }) => reason.test(headers['dlq-reason'] ?? ''));
      expect(ofKind).toHaveLength(POISON / KINDS.length);
      for (const letter of ofKind) {
        const number = Number(letter.key?.replace('saga-', ''));
        expect(letter.headers).toMatchObject({ 'dlq-code': code, 'dlq-topic': commands });
        expect(letter.value).toBe(value(GOOD + number));
      }
    }
  });

  it('a payload that does not fit is answered with a no, and is no dead letter', async () => {
    const replies = await harness.records(topics.replies(namespace));
    expect(replies).toHaveLength(GOOD + 1);
    const nos = replies
      .map(({ value }) => JSON.parse(value) as Message)
      .filter(({ type }) => type.endsWith('rejected'));
    expect(nos).toMatchObject([{ sagaid: 'saga-9999', data: { code: 'invalid_request' } }]);
  });

  it('the lag is back at zero', async () => {
    expect(await lag()).toBe(0);
  });
});
