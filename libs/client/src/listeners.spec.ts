import { describe, expect, it } from '@jest/globals';
import type { Message } from '@skald/core';
import { Listeners, type RestingListener } from './listeners.js';

class Noting implements RestingListener {
  readonly taken: string[] = [];
  error: Error | undefined;
  isLetGo = false;

  constructor(readonly sagaId: string) {}

  take({ type }: Message): boolean {
    this.taken.push(type);
    return type === 'end';
  }

  fail(error: Error): void {
    this.error = error;
  }

  letGo(): void {
    this.isLetGo = true;
  }
}

const message = (sagaid: string, type: string): Message => ({
  specversion: '1.0',
  id: 'm-1',
  source: '/test',
  type,
  namespace: 'shop',
  sagaid,
});

describe('listeners', () => {
  it('hear of their own saga until they have heard all', () => {
    const listeners = new Listeners();
    const [first, second] = [new Noting('a'), new Noting('b')];
    listeners.add(first);
    listeners.add(second);
    for (const type of ['begin', 'end', 'late']) listeners.take(message('a', type));
    expect([first.taken, second.taken]).toEqual([['begin', 'end'], []]);
    expect(listeners.size).toBe(1);
  });

  it('are let go, oldest first, when too many rest that nobody awaits', () => {
    const listeners = new Listeners(2);
    const all = ['a', 'b', 'c', 'd'].map((id) => new Noting(id));
    for (const one of all) listeners.add(one);
    const [awaited, ...others] = all;
    for (const one of others) listeners.rest(one);
    expect(all.map(({ isLetGo }) => isLetGo)).toEqual([false, true, false, false]);
    expect(listeners.size).toBe(3);
    listeners.take(message('b', 'end'));
    listeners.take(message('a', 'end'));
    expect([awaited?.taken, others[0]?.taken]).toEqual([['end'], []]);
  });

  it('rest no more when somebody awaits them again, or when they have heard all', () => {
    const listeners = new Listeners(1);
    const [woken, ended, resting] = ['a', 'b', 'c'].map((id) => new Noting(id));
    if (woken === undefined || ended === undefined || resting === undefined) throw new Error('too few');
    for (const one of [woken, ended, resting]) listeners.add(one);
    listeners.rest(woken);
    listeners.wake(woken);
    listeners.rest(ended);
    listeners.take(message('b', 'end'));
    listeners.rest(ended);
    listeners.rest(resting);
    expect([woken, ended, resting].map(({ isLetGo }) => isLetGo)).toEqual([false, false, false]);
    expect(listeners.size).toBe(2);
  });

  it('are all told when nothing more will be heard', () => {
    const listeners = new Listeners();
    const one = new Noting('a');
    listeners.add(one);
    listeners.failAll(new Error('closed'));
    expect(one.error?.message).toBe('closed');
    expect(listeners.size).toBe(0);
  });
});
