import { readOptions } from './options/check.js';
import { benchmark } from './run/benchmark.js';
import { check } from './run/check.js';

await benchmark(process.argv.slice(2), readOptions, check);
