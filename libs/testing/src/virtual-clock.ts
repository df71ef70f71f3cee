import type { Clock } from '@skald/ports';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  private readonly timers = new Set<Timer>();

  /** @param time milliseconds since 1970 at which it begins */
  constructor(private time: number = Date.parse('2026-01-01T00:00:00Z')) {}

  now(): number {
    return this.time;
  }

  elapsed(): number {
    return this.time;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.time + milliseconds, callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /**
   * Moves the clock and runs what falls due on the way, in order, each at its own time. Between two timers everything
   * that they set going and that waits for nothing outside the process comes to rest.
   */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    await settled();
    for (let next = this.nextDue(end); next !== undefined; next = this.nextDue(end)) {
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
      await settled();
    }
    this.time = end;
  }

  private nextDue(end: number): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.at <= end && (earliest === undefined || timer.at < earliest.at)) earliest = timer;
    }
    return earliest;
  }
}

/** Lets promise chains run dry. In-memory work needs many turns of the microtask queue and a few of the macrotask queue. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
