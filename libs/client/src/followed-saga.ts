import { type Duration, type Failure, isRecord, type Message } from '@skald/core';
import { NoAnswerError, OutputTruncatedError, SagaRefusedError, SagaTimeoutError } from './errors.js';
import type { RestingListener } from './listeners.js';
import type { SagaHandle, SagaOutcome } from './saga-client.js';
import type { TimeLimit } from './time-limit.js';

/** What a client needs of a followed saga. */
export interface Standing extends RestingListener {
  /** Takes what an answer says about how the saga stands; true when it has ended. */
  takeSnapshot(answer: unknown): boolean;
}

/** What a followed saga needs of its client. */
export interface Following {
  timeLimit(timeout: Duration | undefined): TimeLimit;
  /** Somebody waits for the end. */
  wake(saga: RestingListener): void;
  /** Nobody does any more. */
  rest(saga: RestingListener): void;
  /** Hears of a saga again that was let go, and asks how it stands. */
  resume(saga: Standing, limit: TimeLimit): Promise<void>;
}

/** A saga that is followed by its lifecycle events. */
export class FollowedSaga<Output> implements SagaHandle<Output>, Standing {
  private isLetGo = false;
  private isSuspended = false;
  private waiting = 0;
  private settle!: (outcome: SagaOutcome<Output>) => void;
  private refuse!: (error: Error) => void;
  private readonly outcome = new Promise<SagaOutcome<Output>>((resolve, reject) => {
    this.settle = resolve;
    this.refuse = reject;
  });

  constructor(
    readonly id: string,
    private readonly client: Following,
  ) {
    // A failure that nobody waits for must not end the process.
    this.outcome.catch(() => undefined);
  }

  get sagaId(): string {
    return this.id;
  }

  async result(options: { readonly timeout?: Duration } = {}): Promise<SagaOutcome<Output>> {
    const { client, id } = this;
    const limit = client.timeLimit(options.timeout);
    this.waiting += 1;
    client.wake(this);
    try {
      const tooLate = (): Error => new SagaTimeoutError(id, limit.milliseconds, this.isSuspended);
      return await limit.race(this.heard(limit), tooLate);
    } finally {
      this.waiting -= 1;
      if (this.waiting === 0) client.rest(this);
    }
  }

  take({ type, data, requestid }: Message): boolean {
    // Answers to requests are for whoever asked.
    if (requestid !== undefined) return false;
    return this.takeStatus(type.replace('skald.saga.', ''), isRecord(data) ? data : {});
  }

  takeSnapshot(answer: unknown): boolean {
    return isRecord(answer) && this.takeStatus(String(answer['status']), answer);
  }

  letGo(): void {
    this.isLetGo = true;
  }

  fail(error: Error): void {
    this.refuse(error);
  }

  private async heard(limit: TimeLimit): Promise<SagaOutcome<Output>> {
    if (!this.isLetGo) return this.outcome;
    this.isLetGo = false;
    try {
      await this.client.resume(this, limit);
    } catch (error) {
      this.isLetGo = true;
      // Whoever waits for the end is told by their own limit that it has not come.
      if (!(error instanceof NoAnswerError)) throw error;
    }
    return this.outcome;
  }

  private takeStatus(status: string, fields: Record<string, unknown>): boolean {
    switch (status) {
      case 'completed':
        if (fields['truncated'] === true) this.refuse(new OutputTruncatedError(this.id));
        else this.settle({ status, output: fields['output'] as Output });
        return true;
      case 'compensated':
        this.settle({ status, failure: fields['failure'] as Failure });
        return true;
      case 'terminated':
        this.settle({ status });
        return true;
      case 'removed':
        // How it ended was not heard, and nobody knows it any more.
        this.refuse(new SagaRefusedError('unknown_saga', `there is no saga '${this.id}'; it is removed`, []));
        return true;
      default:
        this.isSuspended = status === 'suspended';
        return false;
    }
  }
}
