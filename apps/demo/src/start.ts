import 'reflect-metadata';
import { startInfra } from '@skald/infra';
import { startSystem } from './start-system.js';

/** Nest's account of how it puts an application together: forty lines that nobody starts a demo for. */
const NEST_STARTING = /\[(InstanceLoader|RouterExplorer|RoutesResolver|NestFactory|Nest\w+)\] /;

const infra = await startInfra();
try {
  console.log('starting the orchestrator and three services, each with its own database…');
  const system = await startSystem(infra, {
    port: Number(process.env['PORT'] ?? 3_000),
    onLine: (service, line) => {
      if (!NEST_STARTING.test(line)) console.log(`${service.padEnd(12)} | ${line}`);
    },
  });
  const sagas = `${system.restUrl()}/api/v1/namespaces/${system.namespace}/sagas`;
  const input = {
    ownerId: 'ada',
    botName: 'standup',
    job: { channel: 'town-square', title: 'Stand-up', text: 'Time to meet!', cron: '30 9 * * 1-5' },
  };
  const body = JSON.stringify({ definition: 'create-bot', id: 'my-first-bot', input });
  console.log(`
Bricklayer is running. Ctrl-C ends it, and its data with it.

  REST        ${sagas}
  Kafka       ${infra.kafka?.brokers.join(',') ?? 'none: messages travel in memory'}
  PostgreSQL  ${infra.postgres?.url ?? ''}

Start a saga, then look at it:

  curl -i ${sagas} -H 'content-type: application/json' -d '${body}'
  curl -s ${sagas}/my-first-bot
`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  console.log('\nstopping…');
  await system.stop();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await infra.stop();
}
