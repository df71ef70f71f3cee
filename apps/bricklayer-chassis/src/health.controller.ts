import { setTimeout as sleep } from 'node:timers/promises';
import type { JobReport } from '@skald/ports';
import { Controller, Get, HttpStatus, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { DataSource } from 'typeorm';

const DATABASE_ANSWERS_WITHIN_MS = 2_000;

/** What takes the service's messages: the `SagaEngine` of an orchestrator, the `ParticipantServer` of a participant. */
export interface MessageTaker {
  isReady(): boolean;
  /** Why it keeps failing over the same messages, if it does. */
  problem(): string | undefined;
  /** What a person should look at though the service gets on with its work. */
  warnings?(): readonly string[];
  /** How its jobs get on that run by themselves. */
  jobReports?(): readonly JobReport[];
}

/** Injects the service's {@link MessageTaker}. */
export const MESSAGE_TAKER = Symbol('message taker');

type Condition = 'up' | 'down';

export interface Readiness {
  readonly status: 'ready' | 'not ready';
  /** Whether the service's own database answers. */
  readonly database: Condition;
  /** Whether the service has its place in its Kafka consumer group, and gets on with the messages that it has in hand. */
  readonly consumer: Condition;
  /** Why it does not get on with them. */
  readonly problem?: string;
  /** What a person should look at all the same, such as messages that no live process can take up, or a job that keeps failing. */
  readonly warnings?: readonly string[];
  /** How the jobs that run by themselves get on: how often each ran and failed, and why last. */
  readonly jobs: readonly JobReport[];
}

/**
 * Tells whoever runs the service how it is.
 *
 * Not @nestjs/terminus: that answers "not ready" with an exception, whose body the orchestrator's problem filter would
 * replace, and logs an error at each probe, where an outage should cost a line.
 */
@Controller('health')
export class HealthController {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MESSAGE_TAKER) private readonly messages: MessageTaker,
  ) {}

  /** 200 as long as the process can answer at all. An outage elsewhere is no reason to restart it. */
  @Get('live')
  live(): { readonly status: 'live' } {
    return { status: 'live' };
  }

  /** 200 when the service can do its work now, otherwise 503; it becomes ready again by itself. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) response: Response): Promise<Readiness> {
    const database = await this.askDatabase();
    const consumer = this.messages.isReady() ? 'up' : 'down';
    const isReady = database === 'up' && consumer === 'up';
    if (!isReady) response.status(HttpStatus.SERVICE_UNAVAILABLE);
    const problem = this.messages.problem();
    const warnings = this.messages.warnings?.() ?? [];
    return {
      status: isReady ? 'ready' : 'not ready',
      database,
      consumer,
      ...(problem !== undefined && { problem }),
      ...(warnings.length > 0 && { warnings }),
      jobs: this.messages.jobReports?.() ?? [],
    };
  }

  private askDatabase(): Promise<Condition> {
    const answer = this.dataSource.query('SELECT 1').then<Condition, Condition>(
      () => 'up',
      () => 'down',
    );
    return Promise.race([answer, sleep<Condition>(DATABASE_ANSWERS_WITHIN_MS, 'down', { ref: false })]);
  }
}
