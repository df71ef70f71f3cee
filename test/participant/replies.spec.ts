import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { command, isRecord, type Message, type OutgoingMessage, textProblem, topics } from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import { MemoryTransport } from '@skald/memory';
import { type CommandContext, CommandHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { MessageRefusedError, type RefusedMessage, type Transport } from '@skald/ports';
import { Controller } from '@nestjs/common';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { silence } from '../contracts/transport-harness.js';
import { freshDatabase, testKafkaBrokers, uniqueName } from '../setup/real-services.js';
import { commandMessage, startTestParticipant, type TestParticipant, until } from './participant-harness.js';

class Find {
  @IsString()
  what!: string;
}
class Found {
  @IsString()
  id!: string;

  @IsOptional()
  @IsInt()
  age?: number;
}
/** Nothing about it is declared, so anything goes that is JSON. */
class Anything {
  value?: object | string;
}
const FindOwn = command('payment.find', { request: Find, reply: Found, rejections: ['not_found'] });
const FindShared = command('payment.find-shared', { request: Find, reply: Found, rejections: ['not_found'] });
const GetOwn = command('payment.get', { request: Find, reply: Anything, rejections: ['not_found'] });
const GetShared = command('payment.get-shared', {
  request: Find,
  reply: Anything,
  rejections: ['not_found'],
});
const Tell = command('payment.tell', { request: Find });

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}
const circular: Record<string, unknown> = {};
circular['self'] = circular;

const ANSWERS: Readonly<Record<string, () => unknown>> = {
  'a bigint': () => ({ value: 1n }),
  'a cycle': () => ({ value: circular }),
  NaN: () => ({ value: Number.NaN }),
  'a function': () => ({ value: () => 1 }),
  'a symbol': () => ({ value: Symbol('s') }),
  NUL: () => ({ value: 'a\0b' }),
  'half a character': () => ({ value: 'a\ud800' }),
  '12,000 levels': () => ({ value: deep(12_000) }),
  'a throwing toJSON': () => ({
    value: {
      toJSON: () => {
        throw new Error('no');
      },
    },
  }),
  'a throwing getter': () => ({
    get value(): unknown {
      throw new Error('no');
    },
  }),
  'a text': () => 'text',
  nothing: () => undefined,
  '2 MB': () => ({ value: 'x'.repeat(2_000_000) }),
  '2 MB in UTF-8': () => ({ value: 'ä'.repeat(499_000) }),
};
const THROWS: Readonly<Record<string, () => unknown>> = {
  '2 MB': () => new Error('x'.repeat(2_000_000)),
  'NUL and half a character': () => new Error('a\0b\ud800'),
  'a message that throws': () => ({
    get message(): string {
      throw new Error('no');
    },
  }),
  'no prototype': () => Object.create(null) as object,
  nothing: () => undefined,
  'its own cause': () => {
    const error = new Error('it is me');
    error.cause = error;
    return error;
  },
};

async function answer(
  { what }: Find,
  ctx: CommandContext<typeof GetOwn | typeof GetShared>,
): Promise<Anything> {
  calls.push(what);
  await ctx.transaction.query('INSERT INTO payment VALUES ($1)', [what]);
  const [kind, name = ''] = what.split(': ');
  if (kind === 'throws') throw THROWS[name]?.();
  if (kind === 'rejects') ctx.reject('not_found', name === '2 MB' ? 'x'.repeat(2_000_000) : 'a\0b\ud800');
  if (kind === 'rejects as') ctx.reject('x'.repeat(2_000_000) as 'not_found');
  if (kind === 'returns') return ANSWERS[name]?.() as Anything;
  return { value: what };
}
let calls: string[] = [];

async function find({ what }: Find, ctx: CommandContext<typeof FindOwn | typeof FindShared>): Promise<Found> {
  await ctx.transaction.query('INSERT INTO payment VALUES ($1)', [what]);
  if (what === 'misfit') return { id: 5 } as unknown as Found;
  const row = { id: `b-${what}`, age: undefined, passwordHash: 'secret', owner: { id: 'o-1' } };
  return row;
}

@Controller()
class FindController {
  @CommandHandler(FindOwn)
  findOwn(request: Find, ctx: CommandContext<typeof FindOwn>): Promise<Found> {
    return find(request, ctx);
  }

  @CommandHandler(FindShared, { transaction: 'shared' })
  findShared(request: Find, ctx: CommandContext<typeof FindShared>): Promise<Found> {
    return find(request, ctx);
  }

  @CommandHandler(GetOwn)
  getOwn(request: Find, ctx: CommandContext<typeof GetOwn>): Promise<Anything> {
    return answer(request, ctx);
  }

  @CommandHandler(GetShared, { transaction: 'shared' })
  getShared(request: Find, ctx: CommandContext<typeof GetShared>): Promise<Anything> {
    return answer(request, ctx);
  }

  @CommandHandler(Tell)
  tell({ what }: Find): void {
    const row = { what, passwordHash: 'secret' };
    return row as unknown as undefined;
  }
}

const all = (type: string, ...whats: string[]): Message[] =>
  whats.map((what, number) => commandMessage(type, what.replaceAll(/[^a-zA-Z0-9]/g, '-') + number, { what }));

describe('replies, on real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let participant: TestParticipant;

  beforeAll(async () => {
    database = await freshDatabase(participantSchema);
    await database.dataSource.query('CREATE TABLE payment (what text)');
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.dataSource.query('TRUNCATE skald_barrier, payment');
    calls = [];
    const { dataSource } = database;
    participant = await startTestParticipant([FindController], { dataSource });
  });
  afterEach(() => participant.stop());

  async function effects(): Promise<string[]> {
    const rows: { what: string }[] = await database.dataSource.query(
      'SELECT what FROM payment ORDER BY what',
    );
    return rows.map(({ what }) => what);
  }
  async function kept(): Promise<unknown[]> {
    const rows: { reply: unknown }[] = await database.dataSource.query('SELECT reply FROM skald_barrier');
    return rows.map(({ reply }) => reply);
  }

  describe.each([GetOwn.type, GetShared.type])('%s', (type) => {
    it.each(Object.keys(ANSWERS).filter((name) => !name.startsWith('2 MB')))(
      'a handler that returns %s has failed: it is rolled back, and its neighbours are answered',
      async (name) => {
        const replies = await participant.ask(...all(type, 'a', `returns: ${name}`, 'b'));
        const [, bad] = replies.toSorted((one, other) => order(one) - order(other));
        expect(bad).toMatchObject({
          type: 'skald.reply.failed',
          data: { code: 'invalid_reply', message: expect.stringContaining(type) },
        });
        expect(await effects()).toEqual(['a', 'b']);
        expect(await kept()).toHaveLength(2);
      },
    );

    it.each(['2 MB', '2 MB in UTF-8'])(
      'a reply of %s is larger than the transport takes: it has failed and is rolled back',
      async (name) => {
        const replies = await participant.ask(...all(type, 'a', `returns: ${name}`, 'b'));
        expect(replies.find(({ sagaid }) => sagaid.startsWith('returns'))).toMatchObject({
          type: 'skald.reply.failed',
          data: { code: 'reply_too_large', message: expect.stringContaining('900000') },
        });
        expect(await effects()).toEqual(['a', 'b']);
        expect(await kept()).toHaveLength(2);
      },
    );

    it.each(Object.keys(THROWS))('a handler that throws %s has failed, in few words', async (name) => {
      const replies = await participant.ask(...all(type, 'a', `throws: ${name}`, 'b'));
      const bad = replies.find(({ sagaid }) => sagaid.startsWith('throws'));
      expect(bad).toMatchObject({ type: 'skald.reply.failed', data: { code: 'handler_failed' } });
      expect(JSON.stringify(bad).length).toBeLessThan(1_500);
      expect(problemIn(bad)).toBeUndefined();
      expect(await effects()).toEqual(['a', 'b']);
    });

    it.each(['2 MB', 'NUL'])('a no with a message of %s is a short no', async (name) => {
      const [reply] = await participant.ask(...all(type, `rejects: ${name}`));
      expect(reply).toMatchObject({ type: 'skald.reply.rejected', data: { code: 'not_found' } });
      expect(JSON.stringify(reply).length).toBeLessThan(2_500);
      expect(problemIn(reply)).toBeUndefined();
    });

    it('a no with a code of 2 MB that the contract does not know has failed, in few words', async () => {
      const [reply] = await participant.ask(...all(type, 'rejects as: 2 MB'));
      expect(reply).toMatchObject({ type: 'skald.reply.failed', data: { code: 'handler_failed' } });
      expect(JSON.stringify(reply).length).toBeLessThan(1_500);
    });
  });

  it.each([FindOwn.type, FindShared.type])(
    '%s: only what the contract declares is answered and kept',
    async (type) => {
      const replies = await participant.ask(...all(type, 'a', 'b', 'misfit'));
      const data = Object.fromEntries(replies.map((reply) => [reply.sagaid, reply.data]));
      expect(data).toMatchObject({
        a0: { id: 'b-a' },
        b1: { id: 'b-b' },
        misfit2: { code: 'invalid_reply' },
      });
      expect(data['a0']).toEqual({ id: 'b-a' });
      expect(JSON.stringify([data, await kept()])).not.toMatch(/secret|owner/);
      expect(await effects()).toEqual(['a', 'b']);
    },
  );

  it('a command without a reply answers null, whatever its handler returns', async () => {
    const [reply] = await participant.ask(...all(Tell.type, 'a'));
    expect(reply).toMatchObject({ type: 'skald.reply.succeeded', data: null });
    expect(JSON.stringify(await kept())).not.toContain('secret');
  });

  it('is as large as the participant says', async () => {
    const { dataSource } = database;
    const small = await startTestParticipant([FindController], { dataSource, maximumMessageBytes: 10_000 });
    try {
      const of = (saga: string, size: number): Message =>
        commandMessage(GetOwn.type, saga, { what: 'x'.repeat(size) });
      const replies = await small.ask(of('small', 5_000), of('large', 11_000));
      expect(replies.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['skald.reply.succeeded', 'skald.reply.failed']),
      );
    } finally {
      await small.stop();
    }
  });

  describe('that the transport refuses for good', () => {
    /** Says no to replies that have succeeded, and where it is told so to all. */
    class Refusing extends MemoryTransport {
      code: RefusedMessage['code'] = 'too_large';

      override async send(messages: readonly OutgoingMessage[]): Promise<void> {
        const isRefused = ({ message }: OutgoingMessage): boolean =>
          message.commandid?.includes('-poison') === true &&
          (this.code !== 'too_large' || message.type === 'skald.reply.succeeded');
        await super.send(messages.filter((one) => !isRefused(one)));
        const refused = messages.filter(isRefused).map(({ message }) => ({
          message,
          code: this.code,
          reason: 'the broker says no',
        }));
        if (refused.length > 0) throw new MessageRefusedError(refused);
      }
    }
    let refusing: Refusing;
    let poisoned: TestParticipant;
    beforeEach(async () => {
      const { dataSource } = database;
      poisoned = await startTestParticipant(
        [FindController],
        { dataSource },
        { around: (broker): Transport => (refusing = new Refusing({ broker })) },
      );
    });
    afterEach(() => poisoned.stop());
    it('is answered in short with failed, since its effect stands and is not denied', async () => {
      refusing.code = 'too_large';
      const message = commandMessage(GetOwn.type, 'p', { what: 'p' }, { id: 'shop/order@1/p-poison/x/do/1' });
      const replies = await poisoned.ask(...all(GetOwn.type, 'a'), message, ...all(GetOwn.type, 'b'));
      expect(replies.find(({ sagaid }) => sagaid === 'p')).toMatchObject({
        type: 'skald.reply.failed',
        data: { code: 'reply_refused' },
      });
      expect(await effects()).toEqual(['a', 'b', 'p']);
      const [again] = await poisoned.ask({ ...message, attempt: 2 });
      expect(again).toMatchObject({ data: { code: 'reply_refused' }, attempt: 2 });
      expect(calls.filter((what) => what === 'p')).toHaveLength(1);
    });

    it('puts the command aside when not even that can be said, and goes on', async () => {
      refusing.code = 'unknown_topic';
      const message = commandMessage(GetOwn.type, 'p', { what: 'p' }, { id: 'shop/order@1/p-poison/x/do/1' });
      const replies = await poisoned.ask(...all(GetOwn.type, 'a'), ...all(GetOwn.type, 'b'));
      await poisoned.send(message);
      expect(replies).toHaveLength(2);
      expect(await poisoned.deadLetters(1)).toMatchObject([{ code: 'reply_refused' }]);
      expect(await poisoned.ask(...all(GetOwn.type, 'c', 'd'))).toHaveLength(2);
    });
  });
});

/** What of a reply's text the orchestrator would not read. */
function problemIn(reply: Message | undefined): string | undefined {
  if (!isRecord(reply?.data) || typeof reply.data['message'] !== 'string') return 'no message';
  const { message } = reply.data;
  return textProblem(message);
}

function order({ sagaid }: Message): number {
  return Number(sagaid.at(-1));
}

describe('a large reply, on real Kafka', () => {
  it('does not hold up what comes behind it', async () => {
    const namespace = uniqueName('large');
    const transport = new KafkaTransport({ brokers: testKafkaBrokers(), clientId: namespace, log: silence });
    const seen: Message[] = [];

    @Controller()
    class Large {
      @CommandHandler(GetOwn)
      get({ what }: Find): Anything {
        return { value: 'x'.repeat(Number(what)) };
      }
    }
    const participant = await startTestParticipant([Large], { transport, namespace });
    try {
      await transport.consume({
        group: `${namespace}.test`,
        topics: [topics.replies(namespace)],
        from: 'beginning',
        maximumBatch: 10,
        handle: (batch) => {
          seen.push(...batch.map(({ message }) => message));
          return Promise.resolve([]);
        },
      });
      const topic = topics.commands(namespace, 'payment');
      const of = (saga: string, size: number): OutgoingMessage => ({
        topic,
        message: commandMessage(
          GetOwn.type,
          saga,
          { what: String(size) },
          { namespace, replyto: topics.replies(namespace) },
        ),
      });
      await transport.send([of('large', 1_200_000), of('just', 890_000), of('good', 10)]);
      await until(() => (seen.length === 3 ? true : undefined));
      expect(Object.fromEntries(seen.map(({ sagaid, type }) => [sagaid, type]))).toEqual({
        large: 'skald.reply.failed',
        just: 'skald.reply.succeeded',
        good: 'skald.reply.succeeded',
      });
    } finally {
      await participant.stop();
      await transport.close();
    }
  });
});
