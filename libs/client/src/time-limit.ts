import { type Duration, readDuration } from '@skald/core';
import type { Clock } from '@skald/ports';

const DEFAULT: Duration = '30s';

/** How long somebody is ready to wait, over everything that it takes. */
export class TimeLimit {
  readonly milliseconds: number;
  private readonly endsAt: number;

  /** @throws DefinitionError when it is no duration */
  constructor(
    private readonly clock: Clock,
    duration: Duration = DEFAULT,
  ) {
    this.milliseconds = readDuration('saga client', 'timeout', duration);
    this.endsAt = clock.elapsed() + this.milliseconds;
  }

  /** Milliseconds, 0 when it is over. */
  get left(): number {
    return Math.max(0, this.endsAt - this.clock.elapsed());
  }

  /** What the promise comes to; rejects with `tooLate` when the time is over before that. */
  async race<T>(promise: Promise<T>, tooLate: () => Error): Promise<T> {
    let cancel: (() => void) | undefined;
    const over = new Promise<never>((_, reject) => {
      cancel = this.clock.after(this.left, () => reject(tooLate()));
    });
    try {
      return await Promise.race([promise, over]);
    } finally {
      cancel?.();
    }
  }

  /** Waits, at most until the time is over. */
  async pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.clock.after(Math.min(milliseconds, this.left), resolve);
    });
  }
}
