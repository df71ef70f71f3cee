import type { SoakSample } from '../measure/soak-sampler.js';
import { chart, type Series } from './chart.js';
import { number } from './table.js';

const MEGABYTE = 1_000_000;

/** An SVG of how a soak went. */
export function soakChart(samples: readonly SoakSample[], rate: number): string {
  const one = (name: string, value: (sample: SoakSample) => number): Series => ({
    name,
    values: samples.map(value),
  });
  const last = samples.at(-1);
  const names = Object.keys(last?.rssBytes ?? {});
  return chart({
    title: `${number(rate)} sagas a second for ${number((last?.second ?? 0) / 60)} min`,
    subtitle: `Each of three steps at three participants; a point for each ${samples[0]?.second ?? 0} s`,
    timeTitle: 'minutes since the beginning',
    times: samples.map(({ second }) => second / 60),
    panels: [
      {
        title: 'Latency of a saga, ms (logarithmic)',
        scale: 'log',
        series: [one('p50', ({ p50 }) => p50), one('p99', ({ p99 }) => p99)],
      },
      {
        title: 'Resident memory, MB',
        series: names.map((name) => one(name, ({ rssBytes }) => (rssBytes[name] ?? 0) / MEGABYTE)),
      },
      {
        title: 'Not yet confirmed, or not yet ended',
        series: [
          one('messages (lag of all consumers)', ({ lag }) => sumOf(lag)),
          one('sagas', ({ open }) => open),
        ],
      },
    ],
  });
}

function sumOf(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((sum, value) => sum + value, 0);
}
