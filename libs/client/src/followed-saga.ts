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
import type { SagaHandle, SagaOutcome } from './saga-client.js';

/** Takes the events of one saga, or the answer to one request; true when there is nothing more to wait for. */
export interface Listener {
  take(message: Message): boolean;
}

/** A saga that is followed by its lifecycle events. */
export class FollowedSaga<Output> implements SagaHandle<Output>, Listener {
  private isSuspended = false;
  private settle!: (outcome: SagaOutcome<Output>) => void;
  private refuse!: (error: Error) => void;
  private readonly outcome = new Promise<SagaOutcome<Output>>((resolve, reject) => {
    this.settle = resolve;
    this.refuse = reject;
  });

  /** @param requestId of the request that began it, whose refusal or answer counts too */
  constructor(
    readonly id: string,
    private readonly requestId: string,
    private readonly clock: Clock,
  ) {
    // A refusal that nobody waits for must not end the process.
    this.outcome.catch(() => undefined);
  }

  result(options: { readonly timeout?: Duration } = {}): Promise<SagaOutcome<Output>> {
    return within(this.outcome, this.clock, options.timeout, (milliseconds) => {
      return new SagaTimeoutError(this.id, milliseconds, this.isSuspended);
    });
  }

  take({ type, data, requestid }: Message): boolean {
    const fields = isRecord(data) ? data : {};
    if (requestid !== undefined && requestid !== this.requestId) return false;
    switch (type) {
      case LifecycleType.answered: {
        const snapshot = isRecord(fields['answer']) ? fields['answer'] : {};
        return this.takeStatus(String(snapshot['status']), snapshot);
      }
      case LifecycleType.refused:
        this.refuse(refusalOf(fields));
        return true;
      default:
        return this.takeStatus(type.replace('skald.saga.', ''), fields);
    }
  }

  private takeStatus(status: string, fields: Record<string, unknown>): boolean {
    switch (status) {
      case 'completed':
        this.settle({ status, output: fields['output'] as Output });
        return true;
      case 'compensated':
        this.settle({ status, failure: fields['failure'] as Failure });
        return true;
      case 'terminated':
        this.settle({ status });
        return true;
      default:
        this.isSuspended = status === 'suspended' || (this.isSuspended && status === 'running');
        return false;
    }
  }
}

/** The answer to one request. */
export class PendingAnswer implements Listener {
  private settle!: (answer: unknown) => void;
  private refuse!: (error: Error) => void;
  private readonly answer = new Promise<unknown>((resolve, reject) => {
    this.settle = resolve;
    this.refuse = reject;
  });

  constructor(
    private readonly sagaId: string,
    private readonly requestId: string,
    private readonly clock: Clock,
  ) {
    this.answer.catch(() => undefined);
  }

  within(timeout: Duration | undefined): Promise<unknown> {
    return within(this.answer, this.clock, timeout, (milliseconds) => {
      return new SagaTimeoutError(this.sagaId, milliseconds, false);
    });
  }

  take({ type, data, requestid }: Message): boolean {
    if (requestid !== this.requestId) return false;
    const fields = isRecord(data) ? data : {};
    if (type === LifecycleType.answered) this.settle(fields['answer']);
    else this.refuse(refusalOf(fields));
    return true;
  }
}

export function refusalOf(fields: Record<string, unknown>): SagaRefusedError {
  const problems = Array.isArray(fields['problems']) ? fields['problems'].map(String) : [];
  return new SagaRefusedError(String(fields['code']), String(fields['message']), problems);
}

async function within<T>(
  promise: Promise<T>,
  clock: Clock,
  duration: Duration = '30s',
  tooLate: (milliseconds: number) => Error,
): Promise<T> {
  const milliseconds = readDuration('saga client', 'timeout', duration);
  let cancel: (() => void) | undefined;
  const timeout = new Promise<never>((_, reject) => {
    cancel = clock.after(milliseconds, () => reject(tooLate(milliseconds)));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    cancel?.();
  }
}
