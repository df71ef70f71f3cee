import { createRequire } from 'node:module';
import { decodeFetch, type FetchResponse } from './fetch-response.js';

/*
 * kafkajs makes a reader, a big integer or three, and an object for each header of each record. As `quickenProduce` does for
 * what is sent, this gives the responses to Fetch another way to be read; what our reader does not know goes to kafkajs.
 */

interface Fetch {
  readonly response: { readonly decode: (data: Buffer) => Promise<FetchResponse>; readonly parse: unknown };
}

interface FetchData {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: unknown }[];
  }[];
}

interface FetchRequests {
  protocol: (lookup: { version: number }) => (data: FetchData) => Fetch;
}

const VERSION = 11;

const require = createRequire(import.meta.url);
let isDone = false;

/** Makes all consumers of this process read what they fetch in one go. */
export function quickenFetch(): void {
  if (isDone) return;
  isDone = true;
  const requests = require('kafkajs/src/protocol/requests/fetch/index.js') as FetchRequests;
  const original = requests.protocol;
  requests.protocol = (lookup) => (data) => {
    const fetch = original(lookup)(data);
    if (lookup.version !== VERSION) return fetch;
    const { response } = fetch;
    const startOf = (topic: string, partition: number): number => startIn(data, topic, partition);
    const decode = async (raw: Buffer): Promise<FetchResponse> =>
      decodeFetch(raw, startOf) ?? response.decode(raw);
    return { ...fetch, response: { ...response, decode } };
  };
}

/** From where on a partition was asked for; kafkajs may name a topic several times. */
function startIn({ topics }: FetchData, topic: string, partition: number): number {
  for (const asked of topics) {
    if (asked.topic !== topic) continue;
    const found = asked.partitions.find((one) => one.partition === partition);
    // Whatever cannot be read here passes nothing over.
    if (found !== undefined) return Number(found.fetchOffset) || 0;
  }
  return 0;
}
