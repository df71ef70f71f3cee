import {
  type Duration,
  type Failure,
  isRecord,
  LifecycleType,
  type Message,
  readDuration,
} from '@skald/core';
import type { Clock } from '@skald/runtime';
import { SagaRefusedError, SagaTimeoutError } from './errors.js';

/** How a saga ended. */
export type SagaOutcome<Output = unknown> =
  | { readonly status: 'completed'; readonly output: Output }
  | { readonly status: 'compensated'; readonly failure: Failure };

/** Takes the lifecycle events of one saga; true when there is nothing more to wait for. */
export interface LifecycleListener {
  take(message: Message): boolean;
}

/** A saga that was started from here, to be followed to its end. */
export class SagaHandle<Output = unknown> implements LifecycleListener {
  private isSuspended = false;
  private settle!: (outcome: SagaOutcome<Output>) => void;
  private refuse!: (error: Error) => void;
  private readonly outcome = new Promise<SagaOutcome<Output>>((resolve, reject) => {
    this.settle = resolve;
    this.refuse = reject;
  });

  constructor(
    readonly id: string,
    private readonly requestId: string,
    private readonly clock: Clock,
  ) {
    // A refusal that nobody waits for must not end the process.
    this.outcome.catch(() => undefined);
  }

  /**
   * Waits for the end.
   *
   * @param options.timeout how long to wait. Default: 30 seconds.
   * @throws SagaRefusedError when the orchestrator did not start it
   * @throws SagaTimeoutError when it has not ended in time; the saga goes on
   */
  async result(options: { timeout?: Duration } = {}): Promise<SagaOutcome<Output>> {
    const milliseconds = readDuration('handle.result()', 'timeout', options.timeout ?? '30s');
    let cancel: (() => void) | undefined;
    const timeout = new Promise<never>((_, reject) => {
      cancel = this.clock.after(milliseconds, () => {
        reject(new SagaTimeoutError(this.id, milliseconds, this.isSuspended));
      });
    });
    try {
      return await Promise.race([this.outcome, timeout]);
    } finally {
      cancel?.();
    }
  }

  /** @internal */
  take({ type, data, requestid }: Message): boolean {
    const fields = isRecord(data) ? data : {};
    switch (type) {
      case LifecycleType.completed:
        this.settle({ status: 'completed', output: fields['output'] as Output });
        return true;
      case LifecycleType.compensated:
        this.settle({ status: 'compensated', failure: fields['failure'] as Failure });
        return true;
      case LifecycleType.refused: {
        if (requestid !== this.requestId) return false;
        const problems = Array.isArray(fields['problems']) ? fields['problems'].map(String) : [];
        this.refuse(new SagaRefusedError(String(fields['code']), String(fields['message']), problems));
        return true;
      }
      case LifecycleType.suspended:
        this.isSuspended = true;
        return false;
      default:
        return false;
    }
  }
}
