import type { Row } from '../measure/row.js';
import { median, round } from '../percentiles.js';

/** Each row once, with the medians of its rounds. */
export function mediansOf(rows: readonly Row[]): Row[] {
  const firsts = new Map(rows.toReversed().map((row) => [rowKey(row), row]));
  return [...firsts.values()].toReversed().map((first) => medianRow(roundsOf(rows, first)));
}

/** A system's sagas per second divided by those that another did in the same round, for each round of a row. */
export function ratiosByRound(rows: readonly Row[], row: Row, other: string): number[] {
  const others = roundsOf(rows, { ...row, system: other });
  return roundsOf(rows, row).flatMap(({ sagasPerSecond }, index) => {
    const beside = others[index];
    return beside === undefined ? [] : [sagasPerSecond / beside.sagasPerSecond];
  });
}

function roundsOf(rows: readonly Row[], row: Row): Row[] {
  return rows.filter((one) => rowKey(one) === rowKey(row));
}

function rowKey({ system, variant, inFlight }: Row): string {
  return JSON.stringify([system, variant, inFlight]);
}

function medianRow(rounds: readonly Row[]): Row {
  const [first] = rounds;
  if (first === undefined) throw new Error('a row was measured in no round');
  if (rounds.length === 1) return first;
  const cpuPerSaga = medians(rounds.map((row) => row.cpuPerSaga ?? {}));
  return { ...first, ...medians(rounds), cpuPerSaga };
}

/** Of every property that is a number. */
function medians(objects: readonly Readonly<Record<string, unknown>>[]): Record<string, number> {
  const names = Object.keys(objects[0] ?? {});
  return Object.fromEntries(
    names.flatMap((name) => {
      const values = objects.map((one) => one[name]).filter((value) => typeof value === 'number');
      return values.length === 0 ? [] : [[name, round(median(values), 3)]];
    }),
  );
}
