import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProgressSampler } from './progress-sampler.js';

const GROUP = 'shop.stock';
const TOPIC = 'shop.stock.commands';

/** What kafkajs throws when the broker says no. */
function refusal(type: string): Error {
  return Object.assign(new Error('not authorized'), { name: 'KafkaJSProtocolError', type });
}

describe('the sampler of progress', () => {
  const admin = {
    looks: 0,
    end: 7,
    confirmed: 7n,
    error: undefined as Error | undefined,
    delayMs: 0,
    silentGroup: '',
    bounds: async () => {
      admin.looks += 1;
      if (admin.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, admin.delayMs));
      if (admin.error) throw admin.error;
      return { starts: [0], ends: [admin.end] };
    },
    confirmedIn: async (group: string) => {
      if (group === admin.silentGroup) await new Promise(() => undefined);
      return new Map([[TOPIC, new Map([[0, admin.confirmed]])]]);
    },
  };
  const lines: string[] = [];
  let sampler: ProgressSampler;

  beforeEach(() => {
    jest.useFakeTimers();
    Object.assign(admin, { looks: 0, end: 7, confirmed: 7n, error: undefined, delayMs: 0, silentGroup: '' });
    lines.length = 0;
    sampler = new ProgressSampler(
      { bounds: admin.bounds, confirmed: admin.confirmedIn },
      { warn: (line) => lines.push(line), log: (line) => lines.push(line) },
    );
  });
  afterEach(() => {
    sampler.close();
    jest.useRealTimers();
  });

  it('tells nothing at first, and begins to look when it is asked', async () => {
    const from = performance.now();
    const progress = sampler.progress(GROUP, TOPIC);
    expect(progress?.knownAt).toBeUndefined();

    await jest.advanceTimersByTimeAsync(1);
    expect(progress?.knownAt).toBe(from);
    expect(progress?.reachedAt(from)).toBeGreaterThanOrEqual(from);
  });

  it('sees what is confirmed later', async () => {
    admin.confirmed = 6n;
    const from = performance.now();
    const progress = sampler.progress(GROUP, TOPIC);
    await jest.advanceTimersByTimeAsync(1);
    expect(progress?.reachedAt(from)).toBeUndefined();

    admin.end = 9;
    admin.confirmed = 7n;
    await jest.advanceTimersByTimeAsync(500);
    expect(progress?.reachedAt(from)).toBe(from + 500);
    expect(progress?.reachedAt(from + 1)).toBeUndefined();
  });

  it('looks twice a second while somebody asks, and not at all otherwise', async () => {
    sampler.progress(GROUP, TOPIC);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(admin.looks).toBe(10);
    sampler.progress(GROUP, TOPIC);
    await jest.advanceTimersByTimeAsync(1);
    expect(admin.looks).toBe(11);
  });

  it('does not take a group for one that has begun when it has confirmed nothing', async () => {
    admin.confirmed = -1n;
    const progress = sampler.progress(GROUP, TOPIC);
    await jest.advanceTimersByTimeAsync(1);
    expect(progress?.hasConfirmed).toBe(false);
  });

  it.each(['GROUP_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED'])(
    'cannot tell after %s, says so once, and looks again a minute later',
    async (type) => {
      admin.error = refusal(type);
      sampler.progress(GROUP, TOPIC);
      for (let second = 0; second < 59; second += 1) {
        await jest.advanceTimersByTimeAsync(1_000);
        expect(sampler.progress(GROUP, TOPIC)).toBeUndefined();
      }
      expect(admin.looks).toBe(1);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain('Allow this user to describe the group and the topic');

      admin.error = undefined;
      await jest.advanceTimersByTimeAsync(2_000);
      sampler.progress(GROUP, TOPIC);
      await jest.advanceTimersByTimeAsync(1);
      expect(sampler.progress(GROUP, TOPIC)?.knownAt).toBeDefined();
    },
  );

  /** Somebody asks twice a second. */
  async function asked(milliseconds: number): Promise<void> {
    for (let at = 0; at < milliseconds; at += 500) {
      sampler.progress(GROUP, TOPIC);
      await jest.advanceTimersByTimeAsync(500);
    }
  }

  describe('after an outage of Kafka, in which nobody asks', () => {
    it('is not blind because its last look hung for 40 s', async () => {
      await asked(2_000);
      admin.delayMs = 40_000;
      admin.error = new Error('Request timed out');
      await asked(6_000);
      await jest.advanceTimersByTimeAsync(60_000);
      admin.delayMs = 0;
      admin.error = undefined;
      expect(sampler.progress(GROUP, TOPIC)).toBeDefined();
    });

    it('is not blind because the first look afterwards fails once', async () => {
      await asked(2_000);
      admin.error = new Error('connect ECONNREFUSED');
      await asked(6_000);
      await jest.advanceTimersByTimeAsync(60_000);
      admin.error = new Error('the coordinator is loading');
      sampler.progress(GROUP, TOPIC);
      await jest.advanceTimersByTimeAsync(500);
      expect(sampler.progress(GROUP, TOPIC)).toBeDefined();
    });

    it('is not blind for what it could not tell before it', async () => {
      admin.error = new Error('no answer');
      await asked(40_000);
      expect(sampler.progress(GROUP, TOPIC)).toBeUndefined();
      await jest.advanceTimersByTimeAsync(60_000);
      expect(sampler.progress(GROUP, TOPIC)).toBeDefined();
    });

    it('stays blind of what this user may not know', async () => {
      admin.error = refusal('GROUP_AUTHORIZATION_FAILED');
      await asked(1_000);
      await jest.advanceTimersByTimeAsync(120_000);
      expect(sampler.progress(GROUP, TOPIC)).toBeUndefined();
    });
  });

  it('takes a look without an answer for one that failed, and cannot tell when there are several', async () => {
    admin.delayMs = 3_600_000;
    await asked(30_000);
    expect(sampler.progress(GROUP, TOPIC)).toBeDefined();
    await asked(10_000);
    expect(sampler.progress(GROUP, TOPIC)).toBeUndefined();
  });

  it('looks at the others while the coordinator of one group does not answer', async () => {
    admin.silentGroup = 'shop.gone';
    sampler.progress('shop.gone', TOPIC);
    await asked(3_000);
    const others = sampler.progress(GROUP, TOPIC);
    expect(others?.knownAt).toBeGreaterThanOrEqual(performance.now() - 500);
  });

  it('still says "not yet" through an outage, and cannot tell only when that lasts', async () => {
    admin.error = new Error('no answer');
    for (let second = 0; second < 29; second += 1) {
      expect(sampler.progress(GROUP, TOPIC)).toBeDefined();
      await jest.advanceTimersByTimeAsync(1_000);
    }
    for (let second = 0; second < 3; second += 1) {
      sampler.progress(GROUP, TOPIC);
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(sampler.progress(GROUP, TOPIC)).toBeUndefined();
    expect(lines).toHaveLength(1);
  });
});
