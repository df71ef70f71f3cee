import { ConcurrentChangeError } from '@skald/ports';

/** Of one transaction. */
export interface LockHolder {
  readonly held: Set<string>;
  waitsFor: LockHolder | undefined;
  /** Resolves when it has committed or was rolled back. */
  readonly ended: Promise<void>;
}

/** What transactions that run at the same time have locked, until they end. */
export class MemoryLocks {
  private readonly holders = new Map<string, LockHolder>();

  /** Takes what nobody else holds. False, and nothing taken, when somebody does. */
  tryTake(holder: LockHolder, name: string): boolean {
    const other = this.holders.get(name);
    if (other !== undefined && other !== holder) return false;
    this.holders.set(name, holder);
    holder.held.add(name);
    return true;
  }

  /**
   * Waits for whoever holds it.
   *
   * @throws ConcurrentChangeError when that one waits for this one
   */
  async take(holder: LockHolder, name: string): Promise<void> {
    while (!this.tryTake(holder, name)) {
      const other = this.holders.get(name);
      for (let next = other; next !== undefined; next = next.waitsFor) {
        if (next === holder) throw new ConcurrentChangeError('two transactions wait for each other');
      }
      holder.waitsFor = other;
      await other?.ended;
      holder.waitsFor = undefined;
    }
  }

  release({ held }: LockHolder): void {
    for (const name of held) this.holders.delete(name);
  }
}
