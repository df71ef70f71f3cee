import { command } from '@skald/core';
import { IsNotEmpty, IsString, IsUUID, MaxLength } from 'class-validator';

/** What a reminder says, where and when. */
export class JobData {
  @IsString()
  @IsNotEmpty()
  @MaxLength(64)
  channel!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  title!: string;

  @IsString()
  @MaxLength(4_000)
  text!: string;

  /** Five or six fields, or a nickname such as `@daily`. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  cron!: string;
}

export class StoreJobRequest extends JobData {
  @IsUUID()
  botId!: string;
}

export class JobStored {
  @IsUUID()
  jobId!: string;
}

export class ForgetJobRequest {
  @IsUUID()
  botId!: string;
}

export const StoreJob = command('storage.store-job', { request: StoreJobRequest, reply: JobStored });

export const ForgetJob = command('storage.forget-job', { request: ForgetJobRequest });
