const LONGEST_SILENCE_MS = 5_000;

/** Tells people what is going on, and that it still is. */
export class Progress {
  #lastLineAt = performance.now();

  constructor(private readonly onLine: (line: string) => void) {}

  say(line: string): void {
    this.#lastLineAt = performance.now();
    this.onLine(line);
  }

  /** Waits for the work, and says `still <what>` after every five seconds without another line. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - this.#lastLineAt >= LONGEST_SILENCE_MS - 500) {
        this.say(`still ${what} (${seconds(startedAt).toFixed(0)} s)…`);
      }
    }, 1_000);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }
}

/** Seconds since a time of `performance.now()`. */
export function seconds(since: number): number {
  return (performance.now() - since) / 1_000;
}
