import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { command, type Message, topics } from '@skald/core';
import { CommandContext, CommandHandler, ProbeHandler } from '@skald/participant';
import { Controller } from '@nestjs/common';
import {
  commandMessage,
  COMMANDS,
  startTestParticipant,
  type TestParticipant,
} from './participant-harness.js';

class Nothing {
  note?: string;
}
const Call = command('payment.call', { request: Nothing, rejections: ['no_money'] });
const Refuse = command('payment.refuse', { request: Nothing, rejections: ['no_money'] });
class Answer {
  happened!: boolean;
}
const Happened = command('payment.happened', { request: Nothing, reply: Answer });
const Reach = command('payment.reach', { request: Nothing });

let keys: string[] = [];

@Controller()
class OutsideController {
  @CommandHandler(Call)
  call(_request: Nothing, ctx: CommandContext<typeof Call>): void {
    keys.push(ctx.commandId);
  }

  @CommandHandler(Refuse, { transaction: 'none' })
  refuse(_request: Nothing, ctx: CommandContext<typeof Refuse>): void {
    ctx.reject('no_money');
  }

  @ProbeHandler(Happened)
  happened(_request: Nothing, ctx: CommandContext<typeof Happened>): Answer {
    return { happened: keys.includes(ctx.probes ?? '') };
  }

  @CommandHandler(Reach)
  async reach(_request: Nothing, ctx: CommandContext<typeof Reach>): Promise<void> {
    await ctx.transaction.query('SELECT 1');
  }
}

@Controller()
class WishfulController {
  @CommandHandler(Call, { transaction: 'own' })
  call(): void {}
}

describe('a participant without a database', () => {
  let participant: TestParticipant;
  beforeEach(async () => {
    keys = [];
    participant = await startTestParticipant([OutsideController]);
  });
  afterEach(() => participant.stop());

  it('calls the handler, again for a duplicate, with the same idempotency key', async () => {
    const message = commandMessage(Call.type, 'a', {});
    const replies = [...(await participant.ask(message)), ...(await participant.ask(message))];
    expect(replies.map(({ type }) => type)).toEqual(['skald.reply.succeeded', 'skald.reply.succeeded']);
    expect(keys).toEqual([message.id, message.id]);
  });

  it('answers no when the handler rejects', async () => {
    const [reply] = await participant.ask(commandMessage(Refuse.type, 'a', {}));
    expect(reply).toMatchObject({ type: 'skald.reply.rejected', data: { code: 'no_money' } });
  });

  it('asks the probe handler whether a command happened', async () => {
    const action = commandMessage(Call.type, 'a', {});
    const probe = (of: string): Message =>
      commandMessage(Happened.type, 'a', {}, { id: `probe of ${of}`, probes: of });
    const [, yes, no] = await participant.ask(action, probe(action.id), probe('another'));
    expect(yes).toMatchObject({ type: 'skald.reply.succeeded', data: { happened: true } });
    expect(no).toMatchObject({ type: 'skald.reply.succeeded', data: { happened: false } });
  });

  it('dead-letters a probe that does not say what it asks about', async () => {
    await participant.send(commandMessage(Happened.type, 'a', {}));
    await participant.ask(commandMessage(Call.type, 'b', {}));
    const [letter] = participant.broker.messages(topics.deadLetters(COMMANDS));
    expect(letter?.headers).toMatchObject({ 'dlq-code': 'probes_missing' });
  });

  it('tells a handler that asks for a transaction what to do', async () => {
    const [reply] = await participant.ask(commandMessage(Reach.type, 'a', {}));
    expect(reply?.type).toBe('skald.reply.failed');
    expect(reply?.data).toMatchObject({ message: expect.stringContaining('dataSource') });
  });

  it('does not start with a handler that asks for a transaction in its decorator', async () => {
    await expect(startTestParticipant([WishfulController])).rejects.toThrow(/'dataSource'.*'payment.call'/);
  });
});
