import type { Row } from '../measure/row.js';

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

/** Of rows that were measured several times, the one with the median rate, in the order of the first ones. */
export function mediansOf(rows: readonly Row[]): Row[] {
  const alike = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.system} ${row.variant} ${row.inFlight}`;
    alike.set(key, [...(alike.get(key) ?? []), row]);
  }
  return [...alike.values()].flatMap((same) => {
    const sorted = same.toSorted((a, b) => a.sagasPerSecond - b.sagasPerSecond);
    return sorted[Math.floor((sorted.length - 1) / 2)] ?? [];
  });
}

/** What each row came to, and what it cost. */
export function rowsTable(rows: readonly Row[]): string {
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

/** One system's sagas per second as a part, or a multiple, of the others', row by row. */
export function ratiosTable(rows: readonly Row[], system: string): string {
  const others = [...new Set(rows.map((row) => row.system))].filter((name) => name !== system);
  const own = rows.filter((row) => row.system === system);
  const of = (name: string, { variant, inFlight }: Row): Row | undefined =>
    rows.find((row) => row.system === name && row.variant === variant && row.inFlight === inFlight);
  return table(
    [`${system} against`, 'in flight', ...others],
    own.map((row) => [
      row.variant,
      number(row.inFlight),
      ...others.map((name) => {
        const other = of(name, row);
        return other === undefined ? '–' : number(row.sagasPerSecond / other.sagasPerSecond, 2);
      }),
    ]),
  );
}
