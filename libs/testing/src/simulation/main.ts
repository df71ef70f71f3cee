import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.js';
import { simulate, type SimulationReport } from './simulate.js';

/** So many runs are done by one process before it reports and asks for more. */
const PORTION = 250;
const WORKERS = 2;

interface Portion {
  readonly scenario: string;
  readonly seed: number;
  readonly firstRun: number;
  readonly runs: number;
}

/** `npm run simulate -- --seed 1 --runs 10000 [--first-run 1] [--saga trip]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '1000' },
      'first-run': { type: 'string', default: '1' },
      saga: { type: 'string' },
    },
  });
  const names = SCENARIOS.map(({ name }) => name).filter((name) => (values.saga ?? name) === name);
  const [seed, runs, first] = [values.seed, values.runs, values['first-run']].map((text) => readWhole(text));
  if (names.length === 0 || seed === undefined || runs === undefined || first === undefined) {
    throw new Error(
      `use --seed and --runs with whole numbers, and --saga with one of ${SCENARIOS.map(({ name }) => name).join(', ')}`,
    );
  }
  const begin = performance.now();
  const reports = await runAll(portionsOf(names, seed, runs, first));
  const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
  process.stdout.write(`${summary(reports)}\n${seconds} s\n`);
  for (const { scenario, report } of reports) {
    if (report.violation === undefined) continue;
    const again = `npm run simulate -- --saga ${scenario} --seed ${seed} --first-run ${report.violation.run} --runs 1`;
    process.stdout.write(`\nVIOLATION in '${scenario}'. ${report.violation.text}\nAgain: ${again}\n`);
    process.exitCode = 1;
  }
}

function readWhole(text: string): number | undefined {
  const number = Number(text);
  return Number.isInteger(number) && number >= 0 ? number : undefined;
}

/** The runs are shared out between the sagas, and cut into portions. */
function portionsOf(names: readonly string[], seed: number, runs: number, first: number): Portion[] {
  const portions: Portion[] = [];
  for (const [index, scenario] of names.entries()) {
    const share = Math.floor(runs / names.length) + (index < runs % names.length ? 1 : 0);
    for (let done = 0; done < share; done += PORTION) {
      portions.push({ scenario, seed, firstRun: first + done, runs: Math.min(PORTION, share - done) });
    }
  }
  return portions;
}

interface Done {
  readonly scenario: string;
  readonly report: SimulationReport;
}

/** Two processes, each taking the next portion when it is done with one. Ends early when something does not hold. */
async function runAll(portions: readonly Portion[]): Promise<Done[]> {
  const waiting = [...portions];
  const done: Done[] = [];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = fork(import.meta.filename, ['worker']);
      const next = (): void => {
        const portion = waiting.shift();
        if (portion === undefined) worker.disconnect();
        else worker.send(portion);
      };
      worker.on('message', (answer: Done) => {
        done.push(answer);
        if (answer.report.violation !== undefined) waiting.length = 0;
        next();
      });
      worker.on('error', reject);
      worker.on('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`a worker ended with ${code}`));
      });
      next();
    });
  await Promise.all(Array.from({ length: Math.min(WORKERS, portions.length) }, work));
  return done;
}

async function runPortion({ scenario: name, ...range }: Portion): Promise<Done> {
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario '${name}'`);
  return { scenario: name, report: await simulate(scenario.sagas, { ...scenario.options, ...range }) };
}

/** Sagas that neither ended nor are suspended wait for what never comes: a signal, or a child that is suspended. */
function byRest({
  running = 0,
  compensating = 0,
  ...ended
}: Readonly<Record<string, number>>): Record<string, number> {
  return {
    ...ended,
    'waiting for a signal or a suspended child': running,
    'compensating, waiting for a suspended child': compensating,
  };
}

function summary(reports: readonly Done[]): string {
  const sum = (name: string, of: (report: SimulationReport) => Readonly<Record<string, number>>): string => {
    const total = new Map<string, number>();
    for (const { report } of reports) {
      for (const [key, count] of Object.entries(of(report))) total.set(key, count + (total.get(key) ?? 0));
    }
    const lines = [...total].toSorted(([, a], [, b]) => b - a).map(([key, count]) => `${key} ${count}`);
    return `${name}: ${lines.join(', ')}`;
  };
  const runs = reports.reduce((total, { report }) => total + report.runs, 0);
  return [
    `${runs} runs`,
    sum('ended', ({ ended }) => byRest(ended)),
    sum('faults', ({ faults }) => faults),
    sum('runs that used', ({ constructs }) => constructs),
  ].join('\n');
}

if (process.argv[2] === 'worker') {
  process.on('message', (portion: Portion) => {
    void runPortion(portion).then((answer) => process.send?.(answer));
  });
} else {
  await main();
}
