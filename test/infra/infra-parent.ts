/**
 * A process that starts infra, prints what it has as one line of JSON, and then ends in the way its argument names:
 * `stay` (until it is killed), `pause` (the same, after it has paused and resumed PostgreSQL), `forget` (falls off its
 * end without `stop()`), `throw` or `exit`.
 * `--kafka` starts Kafka, too.
 */
import { startInfra } from '@skald/infra';

const [how, ...flags] = process.argv.slice(2);
const infra = await startInfra({
  kafka: flags.includes('--kafka'),
  docker: false,
  env: { ...process.env, KAFKA_BROKERS: undefined, DATABASE_URL: undefined },
});
if (how === 'pause') {
  await infra.pause('postgres');
  await infra.resume('postgres');
}
console.log(
  JSON.stringify({ url: infra.postgres?.url, brokers: infra.kafka?.brokers, processes: infra.processes }),
);

if (how === 'throw') throw new Error('thrown on purpose');
if (how === 'exit') process.exit(1);
if (how === 'stay' || how === 'pause') setInterval(() => {}, 60_000);
