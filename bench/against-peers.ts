import { benchmark } from './run/benchmark.js';
import { againstPeers } from './run/against-peers.js';
import { readOptions } from './options/peers.js';

await benchmark(process.argv.slice(2), readOptions, againstPeers);
