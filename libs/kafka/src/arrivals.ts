import { setImmediate } from 'node:timers/promises';
import type { Delivery } from '@skald/runtime';
import type { Held } from './assignment.js';
import type { RawRecord } from './envelope.js';

export interface Arrival extends Held {
  readonly record: RawRecord & { readonly key: Buffer | null };
  readonly content:
    | { readonly kind: 'message'; readonly delivery: Delivery }
    | { readonly kind: 'malformed'; readonly code: string; readonly reason: string };
}

/** What was fetched and waits, in the order in which it came, over all partitions. */
export class Arrivals {
  private waiting: Arrival[] = [];
  /** How many of `waiting` are taken; cutting them off each time would copy the rest. */
  private taken = 0;
  private closed = false;
  private wakeTaker: (() => void) | undefined;
  private roomSeekers: (() => void)[] = [];

  /** @param bound with this many waiting it is full; who pushes all the same is let in */
  constructor(private readonly bound: number) {}

  get size(): number {
    return this.waiting.length - this.taken;
  }

  get isFull(): boolean {
    return this.size >= this.bound;
  }

  push(arrival: Arrival): void {
    this.waiting.push(arrival);
    this.wakeTaker?.();
  }

  /** Waits until there is something; takes nothing when it was closed. */
  async take(maximum: number): Promise<Arrival[]> {
    while (this.size === 0 && !this.closed) {
      await new Promise<void>((resolve) => {
        this.wakeTaker = resolve;
      });
      this.wakeTaker = undefined;
      // What else the same fetch brought, of other partitions, is pushed before this comes back.
      await setImmediate();
    }
    if (this.closed) return [];
    const batch = this.waiting.slice(this.taken, this.taken + maximum);
    this.taken += batch.length;
    if (this.taken === this.waiting.length || this.taken > this.bound) {
      this.waiting = this.waiting.slice(this.taken);
      this.taken = 0;
    }
    if (!this.isFull) this.admit();
    return batch;
  }

  /** Resolves when there may be room. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.roomSeekers.push(resolve);
    });
  }

  clear(): void {
    this.waiting = [];
    this.taken = 0;
    this.admit();
  }

  close(): void {
    this.closed = true;
    this.clear();
    this.wakeTaker?.();
  }

  private admit(): void {
    const seekers = this.roomSeekers;
    this.roomSeekers = [];
    for (const admit of seekers) admit();
  }
}
