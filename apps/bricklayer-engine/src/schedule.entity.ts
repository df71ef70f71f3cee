import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('schedule')
export class Schedule {
  @PrimaryColumn({ name: 'job_id', type: 'uuid' })
  jobId!: string;

  @Column({ type: 'text' })
  cron!: string;

  @Column({ name: 'next_run_at', type: 'timestamptz' })
  nextRunAt!: Date;
}
