/** A sleep that can be cut short, from elsewhere and for good. */
export class Pause {
  private readonly sleeping = new Set<() => void>();
  private over = false;

  /** Resolves after the time, or at once when the pause is over. */
  async sleep(milliseconds: number): Promise<void> {
    if (this.over) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.sleeping.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.sleeping.add(wake);
    });
  }

  /** Wakes whoever sleeps now. */
  wake(): void {
    for (const wake of this.sleeping) wake();
  }

  /** Wakes all and lets nobody sleep any more. */
  end(): void {
    this.over = true;
    this.wake();
  }
}

/** Waits for the work, but not longer; what it comes to is left to itself then. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const finished = work.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([finished, tooLong]);
  clearTimeout(timer);
  return inTime;
}
