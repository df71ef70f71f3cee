/** Where values lie on an axis. */
export interface Axis {
  readonly ticks: readonly number[];
  /** 0 at the axis's beginning, 1 at its end. */
  at(value: number): number;
}

const TICKS = 5;

/** From 0 to a round number that is not less than any value. */
export function linearAxis(values: readonly number[]): Axis {
  const greatest = Math.max(0, ...values);
  const step = roundStep((greatest || 1) / TICKS);
  const steps = Math.max(1, Math.ceil(greatest / step));
  return { ticks: multiples(step, steps), at: (value) => value / (step * steps) };
}

/** From 0 to the greatest value, which is the axis's end. */
export function timeAxis(values: readonly number[]): Axis {
  const end = Math.max(...values) || 1;
  const step = roundStep(end / (2 * TICKS));
  return { ticks: multiples(step, Math.floor(end / step)), at: (value) => value / end };
}

/** From 1, 2 or 5 times a power of ten to another; what is 0 or less lies at the beginning. */
export function logAxis(values: readonly number[]): Axis {
  const positive = values.filter((value) => value > 0);
  const least = Math.min(...positive, 1e9);
  const greatest = Math.max(...positive, least);
  const all = roundNumbers(Math.floor(Math.log10(least)), Math.ceil(Math.log10(greatest)) + 1);
  const from = all.findLastIndex((tick) => tick <= least);
  const to = all.findIndex((tick) => tick > greatest);
  const ticks = all.slice(Math.max(0, from), to < 0 ? all.length : to + 1);
  const [start = 1] = ticks;
  const span = Math.log((ticks.at(-1) ?? start) / start) || 1;
  return { ticks, at: (value) => Math.log(Math.max(value, start) / start) / span };
}

/** From none of a step to so many of it. */
function multiples(step: number, most: number): number[] {
  return Array.from({ length: most + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

function roundNumbers(fromPower: number, toPower: number): number[] {
  const numbers: number[] = [];
  for (let power = fromPower; power <= toPower; power += 1) {
    for (const digit of [1, 2, 5]) numbers.push(Number(`${digit}e${power}`));
  }
  return numbers;
}

/** The next greater of 1, 2, 5, 10, 20, … */
function roundStep(step: number): number {
  const power = Math.floor(Math.log10(step));
  return roundNumbers(power, power + 1).find((one) => one >= step) ?? step;
}
