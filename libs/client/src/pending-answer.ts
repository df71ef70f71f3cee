import { isRecord, LifecycleType, type Message } from '@skald/core';
import { SagaRefusedError } from './errors.js';
import type { Listener } from './listeners.js';

/** The answer to one request: whatever first names it, a refusal or a yes. */
export class PendingAnswer implements Listener {
  readonly sagaId: string;
  /** What was answered; nothing for a yes that says no more. */
  readonly answer: Promise<unknown>;
  private settle!: (answer: unknown) => void;
  private refuse!: (error: Error) => void;

  constructor(private readonly request: Message) {
    this.sagaId = request.sagaid;
    this.answer = new Promise<unknown>((resolve, reject) => {
      this.settle = resolve;
      this.refuse = reject;
    });
    // An answer that nobody waits for any more must not end the process.
    this.answer.catch(() => undefined);
  }

  take({ type, data, requestid }: Message): boolean {
    if (requestid !== this.request.id) return false;
    const fields = isRecord(data) ? data : {};
    if (type === LifecycleType.refused) this.refuse(refusalOf(fields));
    else this.settle(type === LifecycleType.answered ? fields['answer'] : undefined);
    return true;
  }

  fail(error: Error): void {
    this.refuse(error);
  }
}

function refusalOf(fields: Record<string, unknown>): SagaRefusedError {
  const problems = Array.isArray(fields['problems']) ? fields['problems'].map(String) : [];
  return new SagaRefusedError(String(fields['code']), String(fields['message']), problems);
}
