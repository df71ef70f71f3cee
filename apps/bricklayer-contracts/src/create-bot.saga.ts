import { saga } from '@skald/core';
import { Type } from 'class-transformer';
import { IsNotEmpty, IsString, MaxLength, ValidateNested } from 'class-validator';
import { CreateBot, DeleteBot } from './constructor.js';
import { ScheduleJob, UnscheduleJob } from './engine.js';
import { ForgetJob, JobData, StoreJob } from './storage.js';

export class CreateBotInput {
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  ownerId!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  botName!: string;

  @ValidateNested()
  @Type(() => JobData)
  @IsNotEmpty()
  job!: JobData;
}

/** A bot with its first job: three services, three databases, all of it or nothing. */
export const CreateBotSaga = saga('create-bot', { version: 1, input: CreateBotInput })
  .step('create bot', {
    send: CreateBot,
    with: ({ input }) => ({ ownerId: input.ownerId, name: input.botName }),
    as: 'bot',
    undo: { send: DeleteBot, with: ({ input }) => ({ ownerId: input.ownerId, name: input.botName }) },
  })
  .step('store job', {
    send: StoreJob,
    with: ({ input, bot }) => ({ botId: bot.id, ...input.job }),
    as: 'job',
    retry: { maximumAttempts: 5, initialInterval: '200ms' },
    timeout: '10s',
    undo: { send: ForgetJob, with: ({ bot }) => ({ botId: bot.id }) },
  })
  .step('schedule job', {
    send: ScheduleJob,
    with: ({ input, job }) => ({ jobId: job.jobId, cron: input.job.cron }),
    as: 'schedule',
    undo: { send: UnscheduleJob, with: ({ job }) => ({ jobId: job.jobId }) },
  })
  .build(({ bot, job, schedule }) => ({
    botId: bot.id,
    jobId: job.jobId,
    firstRunAt: schedule.firstRunAt,
  }));
