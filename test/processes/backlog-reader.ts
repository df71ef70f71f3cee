import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaTransport } from '@skald/kafka';

/*
 * Reads so many messages of a topic, whose handler takes its time over the first batch, and says by how many MB its memory
 * grew at most: `node backlog-reader.js <brokers> <topic> <count>`.
 */
const [brokers = '', topic = '', count = '0'] = process.argv.slice(2);
const silence = { log: () => undefined, warn: () => undefined, error: () => undefined };
const transport = new KafkaTransport({ brokers: brokers.split(','), clientId: 'backlog', log: silence });

const before = process.memoryUsage().rss;
let most = before;
let seen = 0;
const watching = setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss);
}, 10);
await new Promise<void>((resolve, reject) => {
  const options = {
    group: `${topic}.reader`,
    topics: [topic],
    from: 'beginning',
    maximumBatch: 300,
  } as const;
  const handle = async (batch: readonly object[]): Promise<readonly []> => {
    if (seen === 0) await sleep(3_000);
    seen += batch.length;
    if (seen >= Number(count)) resolve();
    return [];
  };
  transport.consume({ ...options, handle }).catch(reject);
});
clearInterval(watching);
console.log(JSON.stringify({ seen, grownMb: Math.round((most - before) / 1e6) }));
await transport.close();
