import type { SoakSample } from '../measure/soak-sampler.js';
import { median } from '../percentiles.js';
import { number, table } from './table.js';

const MEGABYTE = 1_000_000;
const SETTLING_S = 30;
const WINDOW_S = 60;

/** Two stretches of a soak to compare, in seconds since its beginning: after the first 30 s, and before the end. */
export interface Windows {
  readonly length: number;
  readonly first: number;
  readonly last: number;
}

/** A minute each; of a soak too short for that, the halves of what is left after the first 30 s or first half. */
export function windowsOf(samples: readonly SoakSample[]): Windows {
  const end = samples.at(-1)?.second ?? 0;
  const first = Math.min(SETTLING_S, end / 2);
  const length = Math.min(WINDOW_S, (end - first) / 2);
  return { length, first, last: end - length };
}

/** What may grow while a system works, at the beginning and at the end. */
export function soakTable(samples: readonly SoakSample[]): string {
  const { length, first, last } = windowsOf(samples);
  const within = (from: number): SoakSample[] =>
    samples.filter(({ second }) => second > from && second <= from + length);
  const row = (
    name: string,
    value: (sample: SoakSample) => number,
    { digits = 0, of = median }: { digits?: number; of?: (values: readonly number[]) => number } = {},
  ): string[] => {
    const [before, after] = [within(first), within(last)].map((window) => of(window.map(value)));
    const times = before === undefined || after === undefined || before === 0 ? undefined : after / before;
    return [name, number(before, digits), number(after, digits), number(times, 2)];
  };
  const [sample] = samples;
  return table(
    ['median of the samples', `s ${first} to ${first + length}`, `s ${last} to ${last + length}`, 'times'],
    [
      row('latency p50, ms', ({ p50 }) => p50, { digits: 1 }),
      row('latency p99, ms', ({ p99 }) => p99, { digits: 1 }),
      row('open sagas', ({ open }) => open),
      ...Object.keys(sample?.lag ?? {}).map((group) =>
        row(`lag of ${group}, messages`, ({ lag }) => lag[group] ?? 0),
      ),
      row('outbox rows', ({ outboxRows }) => outboxRows),
      ...Object.keys(sample?.rssBytes ?? {}).map((name) =>
        row(`${name}, resident MB`, ({ rssBytes }) => (rssBytes[name] ?? 0) / MEGABYTE),
      ),
      ...Object.keys(sample?.heapBytes ?? {}).map((name) =>
        row(`${name}, least heap MB`, ({ heapBytes }) => (heapBytes[name] ?? 0) / MEGABYTE, {
          digits: 1,
          of: (values) => Math.min(...values),
        }),
      ),
    ],
  );
}

/** The least heap that each process had in a minute, in MB: what a collection left, or nearly so. */
export function heapTable(samples: readonly SoakSample[]): string {
  const names = Object.keys(samples[0]?.heapBytes ?? {});
  const minutes = [...new Set(samples.map(minuteOf))];
  return table(
    ['minute', ...names.map((name) => `${name}, MB`)],
    minutes.map((minute) => {
      const within = samples.filter((sample) => minuteOf(sample) === minute);
      return [
        number(minute),
        ...names.map((name) =>
          number(Math.min(...within.map(({ heapBytes }) => heapBytes[name] ?? 0)) / MEGABYTE, 1),
        ),
      ];
    }),
  );
}

/** Counted from 1. */
function minuteOf({ second }: SoakSample): number {
  return Math.ceil(second / 60);
}
