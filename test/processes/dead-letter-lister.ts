import { KafkaTransport } from '@skald/kafka';

/*
 * Lists the newest 100 dead letters of a namespace, then all of them counted, and says how long each took and by how many MB
 * its memory grew at most: `node dead-letter-lister.js <brokers> <namespace>`.
 */
const [brokers = '', namespace = ''] = process.argv.slice(2);
const silence = { log: () => undefined, warn: () => undefined, error: () => undefined };
const transport = new KafkaTransport({ brokers: brokers.split(','), clientId: 'lister', log: silence });
const list = (): ReturnType<typeof transport.deadLetters.list> =>
  transport.deadLetters.list({ namespace, limit: 100 });

const before = process.memoryUsage().rss;
let most = before;
const watching = setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss);
}, 10);
const started = performance.now();
const first = await list();
const firstMs = Math.round(performance.now() - started);
let page = first;
while (page.isPartial === true) page = await list();
const again = performance.now();
const last = await list();
const againMs = Math.round(performance.now() - again);
clearInterval(watching);
const keys = first.letters.map(({ key }) => key);
const grownMb = Math.round((most - before) / 1e6);
console.log(
  JSON.stringify({ firstMs, againMs, grownMb, keys, total: last.total, listed: last.letters.length }),
);
await transport.close();
