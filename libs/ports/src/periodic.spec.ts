import { beforeEach, describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@skald/testing';
import { Periodic } from './periodic.js';

describe('a periodic job', () => {
  let clock: VirtualClock;
  let lines: string[];
  let ranAt: number[];
  let fails: boolean;
  let periodic: Periodic;

  beforeEach(() => {
    clock = new VirtualClock();
    lines = [];
    ranAt = [];
    fails = false;
    const begun = clock.now();
    const log = {
      log: (line: string) => lines.push(line),
      warn: (line: string) => lines.push(line),
      error: (line: string) => lines.push(line),
    };
    periodic = new Periodic('the job', clock, log, 1_000, async () => {
      ranAt.push(clock.now() - begun);
      if (fails) throw new Error('the database is away');
      return 100;
    });
  });

  it('runs again after the time that it asks for', async () => {
    periodic.start();
    await clock.advance(250);

    expect(ranAt).toEqual([0, 100, 200]);
    await periodic.stop();
  });

  it('that is asked to run earlier while it runs does so when it is done', async () => {
    let release = (): void => undefined;
    let runs = 0;
    const job = new Periodic('the job', clock, { log() {}, warn() {}, error() {} }, 1_000, async () => {
      runs += 1;
      if (runs === 1) await new Promise<void>((resolve) => (release = resolve));
      return 60_000;
    });
    job.start();
    await clock.advance(1);
    job.noLaterThan(clock.now() + 30);
    job.noLaterThan(clock.now() + 10);
    job.noLaterThan(clock.now() + 20);
    release();
    await clock.advance(9);
    expect(runs).toBe(1);

    await clock.advance(1);
    expect(runs).toBe(2);
    await clock.advance(1_000);
    expect(runs).toBe(2);
    await job.stop();
  });

  it('is tried again after longer and longer pauses when it fails, at most 5 s', async () => {
    fails = true;
    periodic.start();
    await clock.advance(17_500);

    expect(ranAt).toEqual([0, 1_000, 3_000, 7_000, 12_000, 17_000]);
    await periodic.stop();
  });

  it('counts its runs and its failures, and tells of the last', async () => {
    periodic.start();
    await clock.advance(150);
    fails = true;
    await clock.advance(1_100);
    const failedAt = clock.now() - 50;
    expect(periodic.report()).toMatchObject({ name: 'the job', runs: 4, failures: 2, failuresInRow: 2 });
    expect(periodic.report().lastFailure).toEqual({
      at: new Date(failedAt).toISOString(),
      reason: 'the database is away',
    });
    fails = false;
    await clock.advance(10_000);
    expect(periodic.report()).toMatchObject({ failures: 2, failuresInRow: 0 });
    await periodic.stop();
  });

  it('says that it keeps failing, and why, from the third time in a row until it works again', async () => {
    fails = true;
    periodic.start();
    await clock.advance(2_900);
    expect(periodic.problem()).toBeUndefined();
    await clock.advance(200);
    expect(periodic.problem()).toBe('the job has failed 3 times in a row: the database is away');
    fails = false;
    await clock.advance(10_000);
    expect(periodic.problem()).toBeUndefined();
    await periodic.stop();
  });

  it('logs the first of many failures in a row, and that it works again', async () => {
    fails = true;
    periodic.start();
    await clock.advance(60_000);
    fails = false;
    await clock.advance(10_000);

    expect(lines).toEqual([
      'the job failed and is tried again: the database is away',
      expect.stringMatching(/^the job works again after \d+ failed attempt\(s\)$/),
    ]);
    await periodic.stop();
  });
});
