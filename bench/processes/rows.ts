import 'reflect-metadata';
import { type Message, topics } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { orchestratorSchema, PostgresStore, runMigrations } from '@skald/postgres';
import { DataSource } from 'typeorm';
import { closedLoop } from '../closed-loop.js';
import { changesFor, messageFor, sagaIdOf, scriptOf, type Stage } from '../script.js';
import { VARIANTS } from '../work.js';
import { benchProcess } from './bench-process.js';
import { startParticipants } from './bench-participants.js';

/*
 * What PostgreSQL alone would do: the rows of a saga, written in the same turns by the same statements, the participants'
 * barrier among them, in one process without Kafka and without deciding anything.
 */

const MOST_IN_A_TURN = 300;

interface Running {
  readonly id: string;
  readonly stages: readonly Stage[];
  at: number;
  readonly end: () => void;
}

await benchProcess('rows', async ({ settings }) => {
  const { namespace, databases, paddingBytes } = settings;
  const dataSource = new DataSource({
    type: 'postgres',
    url: databases['orchestrator'] ?? '',
    ...orchestratorSchema,
  });
  await dataSource.initialize();
  await runMigrations(dataSource);
  const store = new PostgresStore(dataSource);
  const transport = new MemoryTransport({ broker: new MemoryBroker() });
  const participants = await startParticipants({ namespace, databases, transport });

  const scripts = new Map(VARIANTS.map((variant) => [variant, scriptOf(namespace, variant, paddingBytes)]));
  const running = new Map<string, Running>();
  let ready: Running[] = [];
  let turns: Promise<void> | undefined;
  let settled: string[] = [];

  /** All that is ready goes into one turn. */
  const turn = async (): Promise<void> => {
    const sagas = ready.splice(0, MOST_IN_A_TURN);
    const cleared = settled;
    settled = [];
    const row = await store.transact(async (open) => {
      await open.lock(sagas.map(({ id }) => ({ namespace, id })));
      const all = sagas.flatMap(({ id, stages, at }) => {
        const stage = stages[at];
        return stage === undefined ? [] : [changesFor(stage, [id], [])];
      });
      const changes = {
        created: all.flatMap(({ created }) => created),
        updated: all.flatMap(({ updated }) => updated),
        history: all.flatMap(({ history }) => history),
        owed: all.flatMap(({ owed }) => owed),
        settled: cleared,
      };
      return open.save(namespace, changes, Date.now());
    });
    if (row !== undefined) settled.push(row);
    const commands = sagas.flatMap((saga) => {
      const sent = saga.stages[saga.at]?.sent ?? [];
      saga.at += 1;
      if (saga.at === saga.stages.length) saga.end();
      return sent.filter(({ topic }) => topic.endsWith('.commands')).map((one) => messageFor(one, saga.id));
    });
    await transport.send(commands);
  };
  const run = async (): Promise<void> => {
    while (ready.length > 0) await turn();
    turns = undefined;
  };
  const push = (sagas: readonly Running[]): void => {
    ready.push(...sagas);
    turns ??= Promise.resolve().then(run);
  };
  await transport.ensureTopics([topics.replies(namespace)]);
  await transport.consume({
    group: 'rows',
    topics: [topics.replies(namespace)],
    from: 'beginning',
    maximumBatch: MOST_IN_A_TURN,
    handle: (batch) => {
      push(batch.flatMap(({ message }: { message: Message }) => running.get(message.sagaid) ?? []));
      return Promise.resolve([]);
    },
  });

  let sagas = 0;
  return {
    run: async (question, answer) => {
      if (question.kind === 'open') throw new Error('the ceiling knows no open loop');
      const { variant } = question;
      const result = await closedLoop(question, async () => {
        const id = sagaIdOf(variant, ++sagas);
        await new Promise<void>((end) => {
          const saga = { id, stages: scripts.get(variant) ?? [], at: 0, end };
          running.set(id, saga);
          push([saga]);
        });
        running.delete(id);
      });
      answer({ kind: 'result', result });
    },
    close: async () => {
      await participants.close();
      await transport.close();
      await dataSource.destroy();
    },
  };
});
