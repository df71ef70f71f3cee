import 'reflect-metadata';
import { ChaosOptionError, type ChaosOptions, readOptions } from './options.js';
import { runChaos } from './run.js';

/*
 * `npm run chaos -- --minutes 6 --seed 1`: the whole system under load while processes and servers are killed, and what
 * must hold afterwards. Exit code 1 when something did not.
 */

function options(): ChaosOptions | undefined {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ChaosOptionError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

const given = options();
if (given !== undefined) {
  const held = await runChaos(given, (line) => process.stdout.write(`${line}\n`));
  if (!held) process.exitCode = 1;
}
