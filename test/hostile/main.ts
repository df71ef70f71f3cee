import 'reflect-metadata';
import { type Infra, startInfra } from '@skald/infra';
import { runLoad } from './load.js';
import { HostileOptionError, type HostileOptions, readOptions } from './options.js';
import { runRounds } from './rounds.js';

/*
 * `npm run hostile -- --seed 7 --minutes 5`: rounds of hostile messages among good sagas, in memory and on a real Kafka
 * with a real PostgreSQL in turns. `npm run hostile -- --load`: how long good sagas take among as many bad messages. Exit
 * code 1 when something did not hold.
 */

function options(): HostileOptions | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof HostileOptionError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(given: HostileOptions, infra: Infra | undefined): Promise<boolean> {
  if (!given.load) return runRounds(given, infra, say);
  if (infra === undefined) throw new Error('there is no Kafka');
  return runLoad(given, infra, say);
}

const given = options();
if (given !== undefined) {
  const needsKafka = given.load || given.on !== 'memory';
  const infra = needsKafka ? await startInfra() : undefined;
  try {
    if (!(await run(given, infra))) process.exitCode = 1;
  } finally {
    await infra?.stop();
  }
}
