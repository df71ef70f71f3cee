import { readReplicasOptions } from './options/replicas.js';
import { benchmark } from './run/benchmark.js';
import { replicas } from './run/replicas.js';

await benchmark(process.argv.slice(2), readReplicasOptions, replicas);
