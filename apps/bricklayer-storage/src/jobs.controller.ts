import { randomBytes } from 'node:crypto';
import { ForgetJob, ForgetJobRequest, JobStored, StoreJob, StoreJobRequest } from '@bricklayer/contracts';
import { CommandContext, CommandHandler, CompensationHandler } from '@skald/participant';
import { Controller } from '@nestjs/common';
import { BotToken } from './bot-token.entity.js';
import { Job } from './job.entity.js';

@Controller()
export class JobsController {
  @CommandHandler(StoreJob)
  async store(request: StoreJobRequest, ctx: CommandContext<typeof StoreJob>): Promise<JobStored> {
    const { botId } = request;
    await ctx.transaction.insert(BotToken, { botId, token: randomBytes(24).toString('base64url') });
    const job = await ctx.transaction.save(Job, { ...request });
    return { jobId: job.id };
  }

  @CompensationHandler(ForgetJob)
  async forget({ botId }: ForgetJobRequest, ctx: CommandContext<typeof ForgetJob>): Promise<void> {
    await ctx.transaction.delete(Job, { botId });
    await ctx.transaction.delete(BotToken, { botId });
  }
}
