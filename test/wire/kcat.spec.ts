import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StepSaga } from '../../docs/examples/sagas.js';
import { startTestOrchestrator, type TestOrchestrator } from '../setup/orchestrator.js';
import { testKafkaBrokers } from '../setup/real-services.js';

const isInstalled = spawnSync('kcat', ['-V']).status === 0;
const withKcat = isInstalled ? it : it.skip;

describe("Debian's kcat, where it is installed, on real Kafka", () => {
  let orchestrator: TestOrchestrator;

  beforeAll(async () => {
    orchestrator = await startTestOrchestrator([StepSaga], ['stock']);
  });
  afterAll(() => orchestrator?.stop());

  function kcat(args: readonly string[], input?: string): string {
    const run = spawnSync('kcat', ['-b', testKafkaBrokers().join(','), ...args], {
      input,
      encoding: 'utf8',
      timeout: 30_000,
    });
    if (run.status !== 0) throw new Error(`kcat ${args.join(' ')}: ${run.stderr}`);
    return run.stdout;
  }
  const produce = (topic: string, event: object): string =>
    kcat(
      ['-P', '-t', topic, '-k', 'k-1'],
      JSON.stringify({ specversion: '1.0', source: '/kcat', sagaid: 'k-1', ...event }),
    );
  /** All events of a topic so far. */
  const consume = (topic: string): Record<string, unknown>[] =>
    kcat(['-C', '-t', topic, '-e', '-q', '-X', 'fetch.wait.max.ms=50'])
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  async function until(topic: string, type: string): Promise<Record<string, unknown>> {
    for (let tries = 0; tries < 50; tries += 1) {
      const found = consume(topic).find((event) => event['type'] === type);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`no ${type} on ${topic}`);
  }

  withKcat('starts a saga, plays a participant, and hears the end', async () => {
    const { namespace } = orchestrator;
    const data = { definition: 'a-step', input: { item: 'hat', price: 3 } };
    produce(`${namespace}.saga.requests`, { id: 'kcat-1', type: 'skald.saga.start', namespace, data });

    const command = await until(`${namespace}.payment.commands`, 'payment.pay');
    expect(command['data']).toEqual({ price: 3 });
    produce(String(command['replyto']), {
      id: 'kcat-2',
      type: 'skald.reply.succeeded',
      namespace,
      commandid: command['id'],
      data: { paymentId: 'p-1' },
    });
    expect(await until(`${namespace}.saga.events`, 'skald.saga.completed')).toMatchObject({
      data: { output: { reservationId: 'r-1' } },
    });
  });
});
