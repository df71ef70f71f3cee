import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_STEP_RETRY, mergeRetry, readRetry, retryDelayMs } from './retry-policy.js';

const POLICY = { ...DEFAULT_STEP_RETRY, initialIntervalMs: 100, maximumIntervalMs: 1_000, jitter: 0 };

describe('the pause before a retry', () => {
  it('doubles until the maximum interval', () => {
    expect([1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(POLICY, attempt, 0.5))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it('moves by the jitter, down for small and up for large random numbers', () => {
    const policy = { ...POLICY, jitter: 0.5 };
    expect(retryDelayMs(policy, 1, 0)).toBe(50);
    expect(retryDelayMs(policy, 1, 0.5)).toBe(100);
    expect(retryDelayMs(policy, 1, 0.999_999)).toBe(150);
  });

  it('is finite and not negative for any attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (n, r) => {
          const delay = retryDelayMs({ ...POLICY, backoffCoefficient: 1_000, jitter: 1 }, n, r);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(2_000);
        },
      ),
    );
  });
});

describe('merging policies', () => {
  it('lets the particular win over the general and keeps the rest', () => {
    const saga = readRetry('saga', { maximumAttempts: 9, jitter: 0 });
    const step = readRetry('step', { maximumAttempts: 3, initialInterval: '5ms' });
    expect(mergeRetry(DEFAULT_STEP_RETRY, saga, undefined, step)).toEqual({
      ...DEFAULT_STEP_RETRY,
      maximumAttempts: 3,
      jitter: 0,
      initialIntervalMs: 5,
    });
  });
});
