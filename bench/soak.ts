import { readSoakOptions } from './options/soak.js';
import { benchmark } from './run/benchmark.js';
import { soak } from './run/soak.js';

await benchmark(process.argv.slice(2), readSoakOptions, soak);
