import { readPayloadsOptions } from './options/payloads.js';
import { benchmark } from './run/benchmark.js';
import { payloads } from './run/payloads.js';

await benchmark(process.argv.slice(2), readPayloadsOptions, payloads);
