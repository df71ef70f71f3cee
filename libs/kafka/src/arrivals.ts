import { setImmediate } from 'node:timers/promises';
import type { Requester } from '@skald/core';
import type { Delivery } from '@skald/ports';
import type { Held } from './assignment.js';
import type { RawRecord } from './envelope.js';

export interface Arrival extends Held {
  /** Of the whole record: key, value and headers. */
  readonly bytes: number;
  readonly record: RawRecord & { readonly key: Buffer | null };
  readonly content:
    | { readonly kind: 'message'; readonly delivery: Delivery }
    | {
        readonly kind: 'malformed';
        readonly code: string;
        readonly reason: string;
        /** Who is to be told, as far as that can be seen. */
        readonly requester?: Requester | undefined;
      };
}

/** How much may wait. */
export interface Room {
  readonly count: number;
  readonly bytes: number;
}

/** What was fetched and waits, in the order in which it came, over all partitions. */
export class Arrivals {
  private waiting: (Arrival | undefined)[] = [];
  /** How many of `waiting` are taken, and gone; cutting their places off each time would copy the rest. */
  private taken = 0;
  /** Of what waits. */
  private bytes = 0;
  private closed = false;
  private wakeTaker: (() => void) | undefined;
  private roomSeekers: (() => void)[] = [];

  /** @param bound with so much waiting it is full; who pushes all the same is let in */
  constructor(private readonly bound: Room) {}

  get size(): number {
    return this.waiting.length - this.taken;
  }

  get isFull(): boolean {
    return this.size >= this.bound.count || this.bytes >= this.bound.bytes;
  }

  push(arrival: Arrival): void {
    this.waiting.push(arrival);
    this.bytes += arrival.bytes;
    this.wakeTaker?.();
  }

  /**
   * Waits until there is something; takes nothing when it was closed. Of large ones it takes fewer, about half of the bytes
   * that may wait, so that the next ones come while these are handled.
   */
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
    const batch = this.next(maximum);
    this.taken += batch.length;
    if (this.taken === this.waiting.length || this.taken > this.bound.count) {
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
    this.bytes = 0;
    this.admit();
  }

  close(): void {
    this.closed = true;
    this.clear();
    this.wakeTaker?.();
  }

  private next(maximum: number): Arrival[] {
    const batch: Arrival[] = [];
    let bytes = 0;
    const end = Math.min(this.waiting.length, this.taken + maximum);
    for (let at = this.taken; at < end; at += 1) {
      const arrival = this.waiting[at];
      if (arrival === undefined) break;
      if (batch.length > 0 && bytes + arrival.bytes > this.bound.bytes / 2) break;
      bytes += arrival.bytes;
      batch.push(arrival);
      this.waiting[at] = undefined;
    }
    this.bytes -= bytes;
    return batch;
  }

  private admit(): void {
    const seekers = this.roomSeekers;
    this.roomSeekers = [];
    for (const admit of seekers) admit();
  }
}
