import { benchmark } from './run/benchmark.js';
import { standard } from './run/standard.js';
import { readOptions } from './options.js';

await benchmark(process.argv.slice(2), readOptions, standard);
