import { type Apart, type Outcome, runApart } from '@skald/ports';

interface Submission<W, R> {
  readonly works: readonly W[];
  readonly resolve: (results: readonly R[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface TurnQueueOptions<W, R> extends Apart<W, R> {
  /** Most work in one turn, save for the last submission that joins it. */
  readonly maximum: number;
}

/**
 * Gathers work into turns: while one turn runs, whatever arrives joins the next. Work that comes alone starts at once.
 * A submission is never split, so a turn may be larger than `maximum` by no more than its last submission. A turn that
 * fails is run again in parts, until the work at fault is alone; nobody else's is refused for it.
 */
export class TurnQueue<W, R> {
  private readonly waiting: Submission<W, R>[] = [];
  private running: Promise<void> | undefined;

  constructor(private readonly options: TurnQueueOptions<W, R>) {}

  /**
   * Resolves with one result per piece of work, in order, after it has been stored. Rejects when some of the submission
   * could not be tried; the rest of it may be done.
   */
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
      const works = turn.flatMap((submission) => submission.works);
      let results: readonly R[];
      try {
        results = await this.options.run(works);
      } catch (error) {
        settle(turn, await runApart(works, error, this.options));
        continue;
      }
      let from = 0;
      for (const submission of turn) {
        const to = from + submission.works.length;
        submission.resolve(results.slice(from, to));
        from = to;
      }
    }
    this.running = undefined;
  }

  private take(): Submission<W, R>[] {
    const turn: Submission<W, R>[] = [];
    let size = 0;
    while (this.waiting.length > 0 && size < this.options.maximum) {
      const submission = this.waiting.shift();
      if (submission === undefined) break;
      turn.push(submission);
      size += submission.works.length;
    }
    return turn;
  }
}

function settle<W, R>(turn: readonly Submission<W, R>[], outcomes: readonly Outcome<R>[]): void {
  let from = 0;
  for (const { works, resolve, reject } of turn) {
    const own = outcomes.slice(from, from + works.length);
    from += works.length;
    const failed = own.find((outcome) => outcome.kind === 'failed');
    if (failed?.kind === 'failed') reject(failed.error);
    else resolve(own.flatMap((outcome) => (outcome.kind === 'done' ? [outcome.result] : [])));
  }
}
