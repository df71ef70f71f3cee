import {
  JobScheduled,
  ScheduleJob,
  ScheduleJobRequest,
  UnscheduleJob,
  UnscheduleJobRequest,
} from '@bricklayer/contracts';
import { CommandContext, CommandHandler, CompensationHandler } from '@skald/participant';
import { Controller } from '@nestjs/common';
import { firstRun } from './first-run.js';
import { Schedule } from './schedule.entity.js';

@Controller()
export class SchedulesController {
  @CommandHandler(ScheduleJob)
  async schedule(
    { jobId, cron }: ScheduleJobRequest,
    ctx: CommandContext<typeof ScheduleJob>,
  ): Promise<JobScheduled> {
    const run = firstRun(cron, new Date());
    if ('problem' in run) return ctx.reject(run.problem, `the cron expression of job ${jobId}`);
    await ctx.transaction.insert(Schedule, { jobId, cron, nextRunAt: run.at });
    return { firstRunAt: run.at.toISOString() };
  }

  @CompensationHandler(UnscheduleJob)
  async unschedule(
    { jobId }: UnscheduleJobRequest,
    ctx: CommandContext<typeof UnscheduleJob>,
  ): Promise<void> {
    await ctx.transaction.delete(Schedule, { jobId });
  }
}
