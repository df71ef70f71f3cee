interface Submission<W, R> {
  readonly works: readonly W[];
  readonly resolve: (results: readonly R[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers work into turns: while one turn runs, whatever arrives joins the next. Work that comes alone starts at once.
 * A submission is never split, so a turn may be larger than `maximum` by no more than its last submission.
 */
export class TurnQueue<W, R> {
  private readonly waiting: Submission<W, R>[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly maximum: number,
    private readonly run: (works: readonly W[]) => Promise<readonly R[]>,
  ) {}

  /** Resolves with one result per piece of work, in order, after the turn has been stored. */
  submit(works: readonly W[]): Promise<readonly R[]> {
    if (works.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.waiting.push({ works, resolve, reject });
      this.running ??= this.drain();
    });
  }

  /** Resolves when nothing is in hand. */
  async idle(): Promise<void> {
    await this.running;
  }

  private async drain(): Promise<void> {
    // The first await lets everything that arrives in this tick join the first turn.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const turn = this.take();
      try {
        const results = await this.run(turn.flatMap(({ works }) => works));
        let from = 0;
        for (const { works, resolve } of turn) {
          resolve(results.slice(from, from + works.length));
          from += works.length;
        }
      } catch (error) {
        for (const { reject } of turn) reject(error);
      }
    }
    this.running = undefined;
  }

  private take(): Submission<W, R>[] {
    const turn: Submission<W, R>[] = [];
    let size = 0;
    while (this.waiting.length > 0 && size < this.maximum) {
      const submission = this.waiting.shift();
      if (submission === undefined) break;
      turn.push(submission);
      size += submission.works.length;
    }
    return turn;
  }
}
