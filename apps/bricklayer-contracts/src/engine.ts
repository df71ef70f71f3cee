import { command } from '@skald/core';
import { IsISO8601, IsNotEmpty, IsString, IsUUID, MaxLength } from 'class-validator';

export class ScheduleJobRequest {
  @IsUUID()
  jobId!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  cron!: string;
}

export class JobScheduled {
  @IsISO8601()
  firstRunAt!: string;
}

export class UnscheduleJobRequest {
  @IsUUID()
  jobId!: string;
}

export const ScheduleJob = command('engine.schedule-job', {
  request: ScheduleJobRequest,
  reply: JobScheduled,
  rejections: ['invalid_cron', 'never_fires'],
});

export const UnscheduleJob = command('engine.unschedule-job', { request: UnscheduleJobRequest });
