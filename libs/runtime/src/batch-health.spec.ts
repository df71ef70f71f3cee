import { describe, expect, it } from '@jest/globals';
import { BatchHealth } from './batch-health.js';

function watched(): { health: BatchHealth; pass: (ms: number) => void } {
  let now = 0;
  const health = new BatchHealth(() => now);
  return { health, pass: (ms) => void (now += ms) };
}

const fails = (): Promise<never> => Promise.reject(new Error('a lock is not to be had'));

describe('the health of batches', () => {
  it('is good when none was asked for, and when they get done', async () => {
    const { health, pass } = watched();
    expect(health.problem()).toBeUndefined();
    await health.watch(() => Promise.resolve());
    pass(60_000);
    expect(health.problem()).toBeUndefined();
  });

  it('is bad while one does not end', async () => {
    const { health, pass } = watched();
    let end = (): void => undefined;
    const running = health.watch(() => new Promise<void>((resolve) => (end = resolve)));
    pass(2_000);
    expect(health.problem()).toBeUndefined();
    pass(8_000);
    expect(health.problem()).toBe('a batch has been in hand for 10 s');
    end();
    await running;
    expect(health.problem()).toBeUndefined();
  });

  it('is bad while one after the other fails, and says why', async () => {
    const { health, pass } = watched();
    await expect(health.watch(fails)).rejects.toThrow();
    expect(health.problem()).toBeUndefined();
    pass(6_000);
    await expect(health.watch(fails)).rejects.toThrow();
    expect(health.problem()).toBe('batches have failed for 6 s: a lock is not to be had');

    await health.watch(() => Promise.resolve());
    expect(health.problem()).toBeUndefined();
  });

  it('is taken for good again when nothing was tried for a while: nobody sends anything to who is not ready', async () => {
    const { health, pass } = watched();
    await expect(health.watch(fails)).rejects.toThrow();
    pass(6_000);
    await expect(health.watch(fails)).rejects.toThrow();
    pass(20_000);
    expect(health.problem()).toBeUndefined();
  });
});
