import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RequestType, topics } from '@skald/core';
import { ServiceProcess } from '@skald/infra';
import { MemoryTransport } from '@skald/memory';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { until } from '../participant/participant-harness.js';
import { type Engines, engines, OrderSaga } from './engines.js';

/** What the whole of Skald promises: longer than this nobody is held up by whoever is paused or gone. */
const PROMISED_MS = 15_000;

describe('a replica that is paused with its sockets left open, while it holds an instance', () => {
  let shop: Engines;
  let paused: ServiceProcess | undefined;

  beforeEach(async () => {
    shop = await engines();
  });
  afterEach(async () => {
    paused?.kill('SIGKILL');
    await paused?.exited;
    await shop.close();
  });

  async function pause(): Promise<ServiceProcess> {
    const worker = await ServiceProcess.start({
      name: 'paused',
      script: compiledFile('test/processes/paused-worker.ts'),
      env: { DATABASE_URL: shop.url, SAGA_ID: 'o-1', NO_COLOR: '1' },
      ready: /holds the lock/,
    });
    paused = worker;
    await sleep(500);
    return worker;
  }

  it('holds up the others for 15 s at most, who say meanwhile that they are not ready; woken, it changes nothing', async () => {
    const engine = await shop.start([OrderSaga]);
    await engine.startSaga({ definition: 'order', id: 'o-1', input: { item: 'hat' } });
    const worker = await pause();

    const begun = Date.now();
    const client = new MemoryTransport({ broker: shop.broker });
    const common = { specversion: '1.0', source: '/test', namespace: 'shop' } as const;
    await client.send([
      {
        topic: topics.requests('shop'),
        message: {
          ...common,
          id: 's-1',
          type: RequestType.signal,
          sagaid: 'o-1',
          data: { signal: 'paid', data: { item: 'hat' } },
        },
      },
      {
        topic: topics.requests('shop'),
        message: {
          ...common,
          id: 's-2',
          type: RequestType.start,
          sagaid: 'o-2',
          data: { definition: 'order', input: { item: 'hat' } },
        },
      },
    ]);
    await until(() => (engine.isReady() ? undefined : true));
    expect(engine.problem()).toMatch(/a batch has been in hand|batches have failed/);
    await until(async () => {
      const [one, two] = [await engine.find('o-1'), await engine.find('o-2')];
      return two !== undefined && (one?.inbox ?? []).length > 0 ? true : undefined;
    }, PROMISED_MS);
    expect(Date.now() - begun).toBeLessThan(PROMISED_MS);
    await until(() => (engine.isReady() ? true : undefined));

    const before = await engine.find('o-1');
    worker.kill('SIGCONT');
    await worker.exited;
    expect(worker.lines.join('\n')).toMatch(/woke and failed: Store(?:TooSlow|Unavailable)Error/);
    expect(await engine.find('o-1')).toEqual(before);
    await client.close();
  });
});
