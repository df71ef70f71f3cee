import type { Row } from '../measure/row.js';
import { median } from '../percentiles.js';
import { mediansOf, ratiosByRound } from './rounds.js';

/** Rows of text as a Markdown table whose columns are also aligned for reading. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...body.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join(' | ')} |`;
  const rule = widths.map((width, column) => '-'.repeat(width - 1) + (column === 0 ? '-' : ':'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

export function number(value: number | undefined, digits = 0): string {
  return value === undefined ? '–' : value.toFixed(digits).replaceAll(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, ',');
}

/** What each row came to, and what it cost: the medians where it was measured in several rounds. */
export function rowsTable(measured: readonly Row[]): string {
  const rows = mediansOf(measured);
  const processes = [...new Set(rows.flatMap(({ cpuPerSaga = {} }) => Object.keys(cpuPerSaga)))];
  return [
    table(
      ['work', 'in flight', 'sagas', 'sagas/s', 'p50 ms', 'p95 ms', 'p99 ms'],
      rows.map((row) => [
        `${row.system}, ${row.variant}`,
        number(row.inFlight),
        number(row.sagas),
        number(row.sagasPerSecond),
        number(row.p50, 1),
        number(row.p95, 1),
        number(row.p99, 1),
      ]),
    ),
    '',
    'For each saga:',
    '',
    table(
      [
        'work',
        'in flight',
        ...processes.map((name) => `${name} ms`),
        'PG transactions',
        'WAL bytes',
        'Kafka requests',
        'Kafka messages',
      ],
      rows.map((row) => [
        `${row.system}, ${row.variant}`,
        number(row.inFlight),
        ...processes.map((name) => number(row.cpuPerSaga?.[name], 2)),
        number(row.transactionsPerSaga, 2),
        number(row.walBytesPerSaga),
        number(row.requestsPerSaga, 2),
        number(row.messagesPerSaga, 2),
      ]),
    ),
  ].join('\n');
}

/**
 * One system's sagas per second as a part, or a multiple, of the others', row by row. Of several rounds the median, and
 * behind it the lowest and the highest.
 */
export function ratiosTable(rows: readonly Row[], system: string): string {
  const others = [...new Set(rows.map((row) => row.system))].filter((name) => name !== system);
  const own = mediansOf(rows).filter((row) => row.system === system);
  return table(
    [`${system} against`, 'in flight', ...others],
    own.map((row) => [
      row.variant,
      number(row.inFlight),
      ...others.map((other) => ratio(ratiosByRound(rows, row, other))),
    ]),
  );
}

function ratio(rounds: readonly number[]): string {
  if (rounds.length === 0) return '–';
  const middle = number(median(rounds), 2);
  if (rounds.length === 1) return middle;
  return `${middle} (${number(Math.min(...rounds), 2)} to ${number(Math.max(...rounds), 2)})`;
}
