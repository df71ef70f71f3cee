import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { command, topics } from '@skald/core';
import { startInfra } from '@skald/infra';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import {
  type CommandContext,
  CommandHandler,
  ParticipantModule,
  ParticipantServer,
} from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';

/*
 * How many commands a second a participant handles, each with one row as its effect, on real PostgreSQL. Messages go
 * through memory, so that Kafka is left out. `npm run build && node dist/bench/participant.js`
 */

const COMMANDS = 2_000;
const ROUNDS = 5;

class Work {
  number!: number;
}
const Own = command('bench.own', { request: Work });
const Shared = command('bench.shared', { request: Work });

@Controller()
class BenchController {
  @CommandHandler(Own)
  async own({ number }: Work, ctx: CommandContext<typeof Own>): Promise<void> {
    await ctx.transaction.query('INSERT INTO effect VALUES ($1)', [number]);
  }

  @CommandHandler(Shared, { transaction: 'shared' })
  async shared({ number }: Work, ctx: CommandContext<typeof Shared>): Promise<void> {
    await ctx.transaction.query('INSERT INTO effect VALUES ($1)', [number]);
  }
}

const infra = await startInfra({ kafka: false });
if (infra.postgres === undefined) throw new Error('the benchmark needs PostgreSQL');
const server = await new DataSource({ type: 'postgres', url: infra.postgres.url }).initialize();
const name = `bench_${randomUUID().replaceAll('-', '')}`;
await server.query(`CREATE DATABASE ${name}`);
const url = new URL(infra.postgres.url);
url.pathname = `/${name}`;
const dataSource = await new DataSource({
  type: 'postgres',
  url: url.href,
  poolSize: 10,
  migrationsRun: true,
  ...participantSchema,
}).initialize();
await dataSource.query('CREATE TABLE effect (number integer)');

const broker = new MemoryBroker();
const transport = new MemoryTransport({ broker });

@Module({
  imports: [ParticipantModule.forRoot({ participant: 'bench', namespace: 'bench', transport, dataSource })],
  controllers: [BenchController],
})
class BenchModule {}

const app = await NestFactory.create(BenchModule, { logger: ['error'] });
app.connectMicroservice({ strategy: app.get(ParticipantServer) });
await app.startAllMicroservices();

let answered = 0;
let allAnswered: () => void = () => undefined;
await transport.consume({
  group: 'bench',
  topics: [topics.replies('bench')],
  from: 'beginning',
  maximumBatch: 1_000,
  handle: async (batch) => {
    answered += batch.length;
    if (answered === COMMANDS) allAnswered();
    return [];
  },
});

async function round(type: string, id: string): Promise<number> {
  answered = 0;
  const done = new Promise<void>((resolve) => {
    allAnswered = resolve;
  });
  const startedAt = performance.now();
  await transport.send(
    Array.from({ length: COMMANDS }, (_, number) => ({
      topic: topics.commands('bench', 'bench'),
      message: {
        specversion: '1.0' as const,
        id: `bench/work@1/${id}-${number}/work/do/1`,
        source: '/bench',
        type,
        namespace: 'bench',
        sagaid: `${id}-${number}`,
        replyto: topics.replies('bench'),
        data: { number },
      },
    })),
  );
  await done;
  return COMMANDS / ((performance.now() - startedAt) / 1_000);
}

const rates: Record<string, number[]> = {};
for (let number = 0; number <= ROUNDS; number += 1) {
  for (const type of [Own.type, Shared.type]) {
    const rate = await round(type, `${type}-${number}`);
    // The first round warms up.
    if (number > 0) (rates[type] ??= []).push(Math.round(rate));
  }
}
for (const [type, all] of Object.entries(rates)) {
  const median = all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
  console.log(`${type}: median ${median} commands/s of ${all.join(', ')}`);
}

await app.close();
await transport.close();
await dataSource.destroy();
await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
await server.destroy();
await infra.stop();
