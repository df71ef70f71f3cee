/** How the messages of one kind ended. */
export interface Endings {
  sent: number;
  /** They did something: a saga is there, a command was carried out. */
  effect: number;
  answer: number;
  deadLetter: number;
  /** Well-formed replies to nothing that is pending. */
  ignored: number;
}

export type EndingsByKind = ReadonlyMap<string, Endings>;

export function noEndings(): Endings {
  return { sent: 0, effect: 0, answer: 0, deadLetter: 0, ignored: 0 };
}

export function addEndings(total: Map<string, Endings>, more: EndingsByKind): void {
  for (const [kind, { sent, effect, answer, deadLetter, ignored }] of more) {
    const sum = total.get(kind) ?? noEndings();
    sum.sent += sent;
    sum.effect += effect;
    sum.answer += answer;
    sum.deadLetter += deadLetter;
    sum.ignored += ignored;
    total.set(kind, sum);
  }
}

/** For people. */
export function endingsTable(total: EndingsByKind): string {
  const rows = [...total].toSorted(([a], [b]) => a.localeCompare(b));
  const sum = noEndings();
  for (const [, one] of rows) {
    for (const key of ['sent', 'effect', 'answer', 'deadLetter', 'ignored'] as const) sum[key] += one[key];
  }
  return [
    line('kind', 'sent', 'effect', 'answer', 'dead letter', 'ignored'),
    ...[...rows, ['all', sum] as const].map(([kind, { sent, effect, answer, deadLetter, ignored }]) =>
      line(kind, sent, effect, answer, deadLetter, ignored),
    ),
  ].join('\n');
}

function line(kind: string, ...cells: readonly (string | number)[]): string {
  return kind.padEnd(34) + cells.map((cell) => String(cell).padStart(12)).join('');
}
