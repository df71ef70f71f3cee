import { setTimeout as sleep } from 'node:timers/promises';
import type { RunOne } from './closed-loop.js';
import { percentilesOf, round } from './percentiles.js';
import type { Interval, OpenRun, RunResult } from './processes/protocol.js';

const TICK_MS = 2;
const INTERVAL_S = 5;

type Rate = Pick<OpenRun, 'sagasPerSecond' | 'seconds'>;

/**
 * An open loop: sagas are started at a fixed rate, however long the others take. A latency counts from the moment when
 * its saga was due, so that a stall is seen in full.
 */
export async function openLoop(
  rate: Rate,
  runOne: RunOne,
  onInterval: (interval: Interval) => void,
): Promise<RunResult> {
  const loop = new OpenLoop(rate, runOne);
  let nextReport = INTERVAL_S;
  while (!loop.isOver()) {
    const second = loop.startDue();
    if (second >= nextReport) {
      onInterval(loop.interval(nextReport));
      nextReport += INTERVAL_S;
    }
    await sleep(TICK_MS);
  }
  return loop.result();
}

class OpenLoop {
  private readonly startedAt = performance.now();
  private readonly all: number[] = [];
  private recent: number[] = [];
  private failure: unknown;
  private started = 0;
  private startedBefore = 0;

  constructor(
    private readonly rate: Rate,
    private readonly runOne: RunOne,
  ) {}

  private get total(): number {
    return Math.round(this.rate.sagasPerSecond * this.rate.seconds);
  }

  /** @throws what the first saga that went wrong did */
  isOver(): boolean {
    if (this.failure !== undefined) throw this.failure;
    return this.all.length >= this.total;
  }

  /** @returns seconds since the beginning */
  startDue(): number {
    const seconds = (performance.now() - this.startedAt) / 1_000;
    const due = Math.min(this.total, Math.floor(seconds * this.rate.sagasPerSecond) + 1);
    for (let number = this.started; number < due; number += 1) void this.run(number);
    this.started = Math.max(this.started, due);
    return seconds;
  }

  /** What happened since it was asked last. */
  interval(second: number): Interval {
    const interval = {
      second,
      started: this.started - this.startedBefore,
      ended: this.recent.length,
      open: this.started - this.all.length,
      ...percentilesOf(this.recent),
    };
    this.recent = [];
    this.startedBefore = this.started;
    return interval;
  }

  result(): RunResult {
    const seconds = round((performance.now() - this.startedAt) / 1_000, 3);
    const sagas = this.all.length;
    return { seconds, sagas, ended: sagas, ...percentilesOf(this.all) };
  }

  private async run(number: number): Promise<void> {
    const dueAt = this.startedAt + (number * 1_000) / this.rate.sagasPerSecond;
    try {
      await this.runOne(number);
      const latency = performance.now() - dueAt;
      this.all.push(latency);
      this.recent.push(latency);
    } catch (error) {
      this.failure ??= error;
    }
  }
}
