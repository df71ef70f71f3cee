import type { Load } from '../run/alternating-rows.js';
import { type Peer, PEERS } from '../run/peer-process.js';
import { BenchOptionError, Flags } from './flags.js';

export interface PeersOptions extends Load {
  readonly partitions: number;
  readonly peers: readonly Peer[];
}

const USAGE = `npm run bench:peers -- [options]
  --peers LIST            which of ${PEERS.join(', ')} (default: all)
  --variant ok,comp       ok: three steps; comp: the third is rejected, two compensations
  --in-flight 1,50,200    sagas under way at a time
  --count N               sagas of a row (default: 200 with 1 in flight, else 5000)
  --rounds N              how often everybody is measured, in turns; the table shows medians (default 1)
  --partitions N          partitions of each of Skald's topics (default 4)`;

/** @throws BenchOptionError saying what to correct */
export function readOptions(args: readonly string[]): PeersOptions {
  const flags = Flags.read(USAGE, args, {
    peers: PEERS.join(','),
    variant: 'ok,comp',
    'in-flight': '1,50,200',
    count: undefined,
    rounds: '1',
    partitions: '4',
  });
  return {
    peers: (flags.text('peers') ?? '').split(',').map(readPeer),
    variants: flags.variants('variant'),
    inFlight: flags.wholes('in-flight', 1),
    count: flags.wholeIfGiven('count', 1),
    rounds: flags.whole('rounds', 1),
    partitions: flags.whole('partitions', 1),
  };
}

function readPeer(text: string): Peer {
  const peer = PEERS.find((one) => one === text.trim());
  if (peer !== undefined) return peer;
  throw new BenchOptionError(`--peers has '${text}'; give some of ${PEERS.join(', ')}\n\n${USAGE}`);
}
