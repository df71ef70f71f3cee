import { benchmark } from './run/benchmark.js';
import { againstPeers } from './run/against-peers.js';
import { readOptions } from './options/standard.js';

await benchmark(process.argv.slice(2), readOptions, againstPeers);
