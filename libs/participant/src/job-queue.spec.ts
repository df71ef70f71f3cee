import { describe, expect, it } from '@jest/globals';
import { JobQueue } from './job-queue.js';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a queue of jobs', () => {
  it.each([0, -1, Number.NaN, 0.5])('cannot be made so that no job would ever run: %d', (limit) => {
    expect(() => new JobQueue(limit)).toThrow(RangeError);
  });

  it('runs so many at a time, and all in the end', async () => {
    const queue = new JobQueue(2);
    let running = 0;
    let most = 0;
    let ended = 0;
    for (let count = 0; count < 7; count += 1) {
      queue.add(async () => {
        running += 1;
        most = Math.max(most, running);
        await tick();
        running -= 1;
        ended += 1;
      });
    }
    await queue.done();
    expect({ most, ended }).toEqual({ most: 2, ended: 7 });
  });

  it('waits for what a job adds', async () => {
    const queue = new JobQueue(1);
    const order: string[] = [];
    queue.add(async () => {
      await tick();
      queue.add(async () => {
        await tick();
        order.push('added');
      });
      order.push('first');
    });
    await queue.done();
    expect(order).toEqual(['first', 'added']);
  });

  it('throws the first error when those in hand have ended, and begins no more', async () => {
    const queue = new JobQueue(2);
    const ended: string[] = [];
    queue.add(() => Promise.reject(new Error('the database is away')));
    queue.add(async () => {
      await tick();
      ended.push('in hand');
    });
    queue.add(async () => {
      ended.push('behind');
    });
    await expect(queue.done()).rejects.toThrow('the database is away');
    expect(ended).toEqual(['in hand']);
  });

  it('is done at once when there is nothing to do', async () => {
    await expect(new JobQueue(1).done()).resolves.toBeUndefined();
  });
});
