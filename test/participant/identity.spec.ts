import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message } from '@skald/core';
import { type CommandContext, CommandHandler, CompensationHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller } from '@nestjs/common';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { freshDatabase } from '../setup/real-services.js';
import { commandMessage, startTestParticipant, type TestParticipant } from './participant-harness.js';

class Create {
  @IsString()
  owner!: string;

  @IsOptional()
  @IsInt()
  size?: number;
}
class Created {
  @IsString()
  bot!: string;
}
const CreateOwn = command('payment.create', { request: Create, reply: Created, rejections: ['taken'] });
const CreateShared = command('payment.create-shared', {
  request: Create,
  reply: Created,
  rejections: ['taken'],
});
const Delete = command('payment.delete', { request: Create });

let calls: string[] = [];
async function create(
  { owner }: Create,
  ctx: CommandContext<typeof CreateOwn | typeof CreateShared>,
): Promise<Created> {
  calls.push(`${owner} #${ctx.attempt}`);
  await ctx.transaction.query('INSERT INTO bot VALUES ($1)', [owner]);
  if (owner === 'refused') ctx.reject('taken');
  if (owner === 'broken') throw new Error('broken');
  return { bot: `bot of ${owner}` };
}

@Controller()
class BotsController {
  @CommandHandler(CreateOwn)
  createOwn(request: Create, ctx: CommandContext<typeof CreateOwn>): Promise<Created> {
    return create(request, ctx);
  }

  @CommandHandler(CreateShared, { transaction: 'shared' })
  createShared(request: Create, ctx: CommandContext<typeof CreateShared>): Promise<Created> {
    return create(request, ctx);
  }

  @CompensationHandler(Delete)
  async delete({ owner }: Create, ctx: CommandContext<typeof Delete>): Promise<void> {
    calls.push(`delete ${owner}`);
    await ctx.transaction.query('DELETE FROM bot WHERE owner = $1', [owner]);
  }
}

const ID = 'shop/order@1/victim/create bot/do/1';

describe.each([CreateOwn.type, CreateShared.type])(
  'the barrier ties the id of a command to its type, saga and payload: %s, on real PostgreSQL',
  (type) => {
    let database: Awaited<ReturnType<typeof freshDatabase>>;
    let participant: TestParticipant;

    beforeAll(async () => {
      database = await freshDatabase(participantSchema);
      await database.dataSource.query('CREATE TABLE bot (owner text)');
    });
    afterAll(() => database.drop());
    beforeEach(async () => {
      await database.dataSource.query('TRUNCATE skald_barrier, bot');
      calls = [];
      participant = await startTestParticipant([BotsController], { dataSource: database.dataSource });
    });
    afterEach(() => participant.stop());

    const of = (owner: string, more: Partial<Message> = {}): Message =>
      commandMessage(more.type ?? type, 'victim', { owner }, { id: ID, ...more });
    const undo = (more: Partial<Message> = {}): Message =>
      of('victim', { type: Delete.type, id: 'undo', compensates: ID, ...more });
    /** Company, so that commands that can share a transaction do. */
    const others = (names: string): Message[] =>
      [...names].map((name) => commandMessage(type, name, { owner: name }));

    it.each<[string, Partial<Message>]>([
      ['of another saga', { sagaid: 'forger' }],
      ['of another type', { type: type === CreateOwn.type ? CreateShared.type : CreateOwn.type }],
    ])("an id that was used before by a command %s is answered with nobody's reply", async (_, more) => {
      await participant.ask(of('forger', more));
      const replies = await participant.ask(...others('ab'), of('victim'), ...others('cd'));
      expect(replies.find(({ sagaid }) => sagaid === 'victim')).toMatchObject({
        type: 'skald.reply.failed',
        data: { code: 'id_conflict' },
      });
      expect(await participant.deadLetters(1)).toMatchObject([{ code: 'id_reused' }]);
      expect(await participant.replyTo('d')).toMatchObject({ data: { bot: 'bot of d' } });
      expect(calls.filter((call) => call.startsWith('victim'))).toEqual([]);
    });

    it('another payload under an id that took effect is told so, and not given its reply', async () => {
      await participant.ask(of('forger'));
      const replies = await participant.ask(...others('ab'), of('victim'), ...others('cd'));
      expect(replies.find(({ sagaid }) => sagaid === 'victim')).toMatchObject({
        type: 'skald.reply.failed',
        data: { code: 'payload_changed' },
      });
      expect(JSON.stringify(replies)).not.toContain('forger');
    });

    it('a no to another payload is not given either', async () => {
      await participant.ask(of('refused'));
      expect(await participant.ask(of('victim'))).toMatchObject([{ data: { code: 'payload_changed' } }]);
    });

    it('another payload is handled when the attempts before have failed', async () => {
      await participant.ask(of('broken'));
      expect(await participant.ask(of('victim'))).toMatchObject([{ data: { bot: 'bot of victim' } }]);
      expect(await participant.ask(of('victim'))).toMatchObject([{ data: { bot: 'bot of victim' } }]);
    });

    it('the same payload is the same whatever the order of its members', async () => {
      await participant.ask(of('a', { data: { owner: 'a', size: 3 } }));
      expect(await participant.ask(of('a', { data: { size: 3, owner: 'a' } }))).toMatchObject([
        { data: { bot: 'bot of a' } },
      ]);
      expect(calls).toHaveLength(1);
    });

    it('a compensation undoes nothing of what another saga did under the id', async () => {
      await participant.ask(of('forger', { sagaid: 'forger' }));
      expect(await participant.ask(undo())).toMatchObject([{ type: 'skald.reply.succeeded' }]);
      expect(calls).toEqual(['forger #1']);
    });

    it('a probe does not tell of what another saga did under the id', async () => {
      await participant.ask(of('forger', { sagaid: 'forger' }));
      const probe = commandMessage('payment.probe', 'victim', {}, { id: 'probe', probes: ID });
      expect(await participant.ask(probe)).toMatchObject([{ data: { happened: false } }]);
    });

    it('an action whose compensation came first is held back, whatever its payload', async () => {
      await participant.ask(undo());
      expect(await participant.ask(of('anything'))).toMatchObject([{ data: { code: 'compensated_before' } }]);
    });

    it('a row from before there were digests gives its reply', async () => {
      await participant.ask(of('a'));
      await database.dataSource.query('UPDATE skald_barrier SET digest = NULL');
      expect(await participant.ask(of('a'))).toMatchObject([{ data: { bot: 'bot of a' } }]);
      expect(calls).toEqual(['a #1']);
    });

    it('copies in one batch are handled once, and answered for the newest attempt', async () => {
      const attempts = [1, 3, 2, 3].map((attempt) => of('victim', { attempt }));
      await participant.send(...others('a'), ...attempts);
      await Promise.all(['a', 'victim'].map((saga) => participant.replyTo(saga)));
      // It comes in the batch behind.
      await participant.ask(...others('z'));
      const { replies } = participant;
      expect(replies.filter(({ sagaid }) => sagaid === 'victim')).toMatchObject([
        { attempt: 3, data: { bot: 'bot of victim' } },
      ]);
      expect(calls.filter((call) => call.startsWith('victim'))).toEqual(['victim #3']);
    });

    it('a forged copy in the batch of the true command is told apart from it', async () => {
      const replies = await participant.ask(of('victim'), of('forger'), ...others('ab'));
      expect(replies.filter(({ sagaid }) => sagaid === 'victim').map(({ data }) => data)).toEqual(
        expect.arrayContaining([
          { bot: 'bot of victim' },
          expect.objectContaining({ code: 'payload_changed' }),
        ]),
      );
      expect(calls).not.toContain('forger #1');
    });

    it('a forged copy behind a command that fails is handled by itself', async () => {
      await participant.ask(of('broken'), of('victim'), ...others('ab'));
      expect(await participant.ask(of('victim'))).toMatchObject([{ data: { bot: 'bot of victim' } }]);
    });
  },
);
