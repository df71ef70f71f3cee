import type { Message } from '@skald/core';

/** Takes the events of one saga, or the answer to one request. */
export interface Listener {
  readonly sagaId: string;
  /** True when there is nothing more to wait for. */
  take(message: Message): boolean;
  /** The client is closed. */
  fail(error: Error): void;
}

/** A listener that somebody may await later, and that can be let go until then. */
export interface RestingListener extends Listener {
  letGo(): void;
}

/** So many sagas are followed that nobody awaits. */
const MOST_RESTING = 10_000;

/**
 * Who waits for which saga's messages. Whoever has heard all is forgotten; of those whom nobody awaits, the oldest are let
 * go when there are too many, so that handles which nobody asks for a result cost a bounded amount of memory.
 */
export class Listeners {
  private readonly bySaga = new Map<string, Set<Listener>>();
  private readonly resting = new Set<Listener & Partial<RestingListener>>();

  constructor(private readonly mostResting = MOST_RESTING) {}

  get size(): number {
    let size = 0;
    for (const listeners of this.bySaga.values()) size += listeners.size;
    return size;
  }

  add(listener: Listener): void {
    const { sagaId } = listener;
    const listeners = this.bySaga.get(sagaId);
    if (listeners === undefined) this.bySaga.set(sagaId, new Set([listener]));
    else listeners.add(listener);
  }

  remove(listener: Listener): void {
    const { sagaId } = listener;
    const listeners = this.bySaga.get(sagaId);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.bySaga.delete(sagaId);
    this.resting.delete(listener);
  }

  /** Nobody awaits it now. */
  rest(listener: RestingListener): void {
    if (this.bySaga.get(listener.sagaId)?.has(listener) !== true) return;
    this.resting.add(listener);
    if (this.resting.size <= this.mostResting) return;
    for (const oldest of this.resting) {
      this.remove(oldest);
      oldest.letGo?.();
      return;
    }
  }

  /** Somebody awaits it again. */
  wake(listener: RestingListener): void {
    this.resting.delete(listener);
  }

  take(message: Message): void {
    for (const listener of this.bySaga.get(message.sagaid) ?? []) {
      if (listener.take(message)) this.remove(listener);
    }
  }

  failAll(error: Error): void {
    const all = [...this.bySaga.values()].flatMap((listeners) => [...listeners]);
    this.bySaga.clear();
    this.resting.clear();
    for (const listener of all) listener.fail(error);
  }
}
