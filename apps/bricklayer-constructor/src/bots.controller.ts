import { BotCreated, BotName, CreateBot, DeleteBot } from '@bricklayer/contracts';
import { CommandContext, CommandHandler, CompensationHandler } from '@skald/participant';
import { Controller } from '@nestjs/common';
import { Bot } from './bot.entity.js';

@Controller()
export class BotsController {
  @CommandHandler(CreateBot)
  async create(request: BotName, ctx: CommandContext<typeof CreateBot>): Promise<BotCreated> {
    const { identifiers } = await ctx.transaction
      .createQueryBuilder()
      .insert()
      .into(Bot)
      .values({ ownerId: request.ownerId, name: request.name })
      .orIgnore()
      .returning('id')
      .execute();
    const id: unknown = identifiers[0]?.['id'];
    if (typeof id !== 'string') return ctx.reject('name_taken', 'the owner has a bot of this name');
    return { id };
  }

  @CompensationHandler(DeleteBot)
  async delete(request: BotName, ctx: CommandContext<typeof DeleteBot>): Promise<void> {
    await ctx.transaction.delete(Bot, { ownerId: request.ownerId, name: request.name });
  }
}
