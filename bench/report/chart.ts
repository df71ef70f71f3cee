import { type Axis, linearAxis, logAxis, timeAxis } from './axis.js';
import { number } from './table.js';

export interface Series {
  readonly name: string;
  /** One for each of the chart's times. */
  readonly values: readonly number[];
}

export interface Panel {
  /** What is shown, with its unit. */
  readonly title: string;
  /** Default: linear, from 0. */
  readonly scale?: 'linear' | 'log';
  readonly series: readonly Series[];
}

/** Line charts one below the other that share the axis of time. */
export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  /** What the times are, with their unit. */
  readonly timeTitle: string;
  /** In ascending order, two or more. */
  readonly times: readonly number[];
  readonly panels: readonly Panel[];
}

const WIDTH = 900;
const LEFT = 76;
const RIGHT = 24;
const HEAD = 76;
const FOOT = 52;
const PANEL = { head: 34, plot: 170, gap: 24 } as const;
const PANEL_HEIGHT = PANEL.head + PANEL.plot + PANEL.gap;
/** Told apart by the colour-blind, too. @see https://jfly.uni-koeln.de/color/ */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];
const LETTER_WIDTH = 6.6;

/** An SVG of its own background, so that it can be read on a dark page as on a light one. */
export function chart({ title, subtitle, timeTitle, times, panels }: Chart): string {
  const height = HEAD + panels.length * PANEL_HEIGHT - PANEL.gap + FOOT;
  const time = timeAxis(times);
  const bottom = height - FOOT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`,
    '  font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="12" fill="#24292f">',
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(LEFT, 32, title, 'font-size="18" font-weight="600"'),
    text(LEFT, 54, subtitle, 'fill="#57606a"'),
    ...panels.flatMap((panel, index) => drawPanel(panel, HEAD + index * PANEL_HEIGHT, times, time)),
    ...time.ticks.map((tick) => text(x(time, tick), bottom + 18, label(tick), 'text-anchor="middle"')),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, timeTitle, 'text-anchor="middle" fill="#57606a"'),
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel(
  { title, scale, series }: Panel,
  top: number,
  times: readonly number[],
  time: Axis,
): string[] {
  const values = series.flatMap((one) => one.values);
  const axis = scale === 'log' ? logAxis(values) : linearAxis(values);
  const plotTop = top + PANEL.head;
  const plotBottom = plotTop + PANEL.plot;
  const y = (value: number): number => plotBottom - axis.at(value) * PANEL.plot;
  return [
    text(LEFT, top + 16, title, 'font-weight="600"'),
    ...legend(series, top + 16),
    ...axis.ticks.flatMap((tick) => [
      line(LEFT, y(tick), WIDTH - RIGHT, y(tick), '#e6e9ed'),
      text(LEFT - 8, y(tick) + 4, label(tick), 'text-anchor="end"'),
    ]),
    ...time.ticks.map((tick) => line(x(time, tick), plotTop, x(time, tick), plotBottom, '#e6e9ed')),
    line(LEFT, plotBottom, WIDTH - RIGHT, plotBottom, '#8c959f'),
    ...series.map((one, index) => {
      const points = one.values.map((value, place) => `${at(x(time, times[place] ?? 0))} ${at(y(value))}`);
      return `<path d="M${points.join('L')}" stroke="${colour(index)}" stroke-width="1.8" stroke-linejoin="round" fill="none"/>`;
    }),
  ];
}

/** At the right of a line, the first series first. */
function legend(series: readonly Series[], y: number): string[] {
  let right = WIDTH - RIGHT;
  return series
    .map((one, index) => ({ ...one, index }))
    .toReversed()
    .flatMap(({ name, index }) => {
      const start = right - name.length * LETTER_WIDTH;
      right = start - 40;
      return [
        `<path d="M${at(start - 24)} ${y - 4}H${at(start - 6)}" stroke="${colour(index)}" stroke-width="3"/>`,
        text(start, y, name),
      ];
    });
}

function x(time: Axis, value: number): number {
  return LEFT + time.at(value) * (WIDTH - LEFT - RIGHT);
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<path d="M${at(x1)} ${at(y1)}L${at(x2)} ${at(y2)}" stroke="${colour}" fill="none"/>`;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${escape(content)}</text>`;
}

function label(tick: number): string {
  const digits = String(tick).split('.')[1]?.length ?? 0;
  return number(tick, digits);
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '#000000';
}

/** Tenths of a pixel are enough. */
function at(place: number): string {
  return String(Math.round(place * 10) / 10);
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
