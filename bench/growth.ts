import { readGrowthOptions } from './options/growth.js';
import { benchmark } from './run/benchmark.js';
import { growth } from './run/growth.js';

await benchmark(process.argv.slice(2), readGrowthOptions, growth);
