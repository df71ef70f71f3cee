interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  /** Whether it sets promises going: they come to rest before the next one runs. */
  readonly isAsync: boolean;
  isCancelled: boolean;
}

/** Virtual time, one event after the other. Two events of the same millisecond run in the order they were planned in. */
export class EventLoop {
  /** How many events have run. */
  count = 0;
  private readonly heap: Timer[] = [];
  private order = 0;

  /** @param time milliseconds since 1970 at which it begins */
  constructor(private time: number) {}

  now(): number {
    return this.time;
  }

  /**
   * Plans an event.
   *
   * @returns takes it back
   */
  plan(delayMs: number, run: () => void, isAsync = false): () => void {
    this.order += 1;
    const at = this.time + Math.max(0, delayMs);
    const timer: Timer = { at, order: this.order, run, isAsync, isCancelled: false };
    this.heap.push(timer);
    this.rise(this.heap.length - 1);
    return () => {
      timer.isCancelled = true;
    };
  }

  /** Runs the next event. False when there is none. */
  async step(): Promise<boolean> {
    const timer = this.take();
    if (timer === undefined) return false;
    this.time = timer.at;
    this.count += 1;
    timer.run();
    if (timer.isAsync) await atRest();
    return true;
  }

  private take(): Timer | undefined {
    for (;;) {
      const first = this.heap[0];
      const last = this.heap.pop();
      if (first === undefined || last === undefined) return undefined;
      if (this.heap.length > 0) {
        this.heap[0] = last;
        this.sink(0);
      }
      if (!first.isCancelled) return first;
    }
  }

  private rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  private sink(from: number): void {
    for (let at = from; ;) {
      const left = 2 * at + 1;
      const child = this.isEarlier(left + 1, left) ? left + 1 : left;
      if (!this.swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  private swapIfEarlier(a: number, b: number): boolean {
    const first = this.heap[a];
    const second = this.heap[b];
    if (first === undefined || second === undefined || !this.isEarlier(a, b)) return false;
    this.heap[a] = second;
    this.heap[b] = first;
    return true;
  }

  private isEarlier(a: number, b: number): boolean {
    const first = this.heap[a];
    const second = this.heap[b];
    if (first === undefined || second === undefined) return false;
    return first.at < second.at || (first.at === second.at && first.order < second.order);
  }
}

/** Promise chains that wait for nothing outside the process run dry before the next turn of the macrotask queue. */
export function atRest(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
