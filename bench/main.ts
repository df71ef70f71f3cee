import { readOptions } from './options/standard.js';
import { benchmark } from './run/benchmark.js';
import { standard } from './run/standard.js';

await benchmark(process.argv.slice(2), readOptions, standard);
