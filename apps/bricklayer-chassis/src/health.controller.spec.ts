import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { VirtualClock } from '@skald/testing';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { HealthController, MESSAGE_TAKER, type Readiness } from './health.controller.js';

class ForgetfulStore extends MemoryStore {
  override nextWakeup(): Promise<number | null> {
    return Promise.reject(new Error('the index of timers is broken'));
  }
}

describe('the health of a service whose job keeps failing', () => {
  let app: INestApplication | undefined;
  let engine: SagaEngine | undefined;
  afterEach(async () => {
    await app?.close();
    await engine?.stop();
  });

  async function readiness(store: MemoryStore, milliseconds: number): Promise<Readiness> {
    const clock = new VirtualClock();
    engine = new SagaEngine({
      namespace: 'shop',
      store,
      transport: new MemoryTransport({ broker: new MemoryBroker() }),
      definitions: new DefinitionRegistry(),
      clock,
      log: { log: () => undefined, warn: () => undefined, error: () => undefined },
    });
    await engine.start();
    await clock.advance(milliseconds);
    @Module({
      controllers: [HealthController],
      providers: [
        { provide: DataSource, useValue: { query: () => Promise.resolve([]) } },
        { provide: MESSAGE_TAKER, useValue: engine },
      ],
    })
    class HealthOfEngine {}

    app = await NestFactory.create(HealthOfEngine, { logger: false });
    await app.listen(0, '127.0.0.1');
    const answer = await fetch(`${await app.getUrl()}/health/ready`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Readiness;
  }

  it('says so from the third time on, and why; the others run on', async () => {
    const { status, warnings, jobs } = await readiness(new ForgetfulStore(), 8_000);
    expect(status).toBe('ready');
    expect(warnings).toEqual([
      expect.stringMatching(/^waking timers has failed \d times in a row: the index of timers is broken$/),
    ]);
    const byName = new Map(jobs.map((job) => [job.name, job]));
    expect(byName.get('waking timers')?.failuresInRow).toBeGreaterThanOrEqual(3);
    expect(byName.get('the relay')).toMatchObject({ failures: 0, failuresInRow: 0 });
    expect(byName.get('the relay')?.runs).toBeGreaterThanOrEqual(3);
  });

  it('counts the runs of each job where all is well', async () => {
    const { warnings, jobs } = await readiness(new MemoryStore(), 8_000);
    expect(warnings).toBeUndefined();
    expect(jobs.length).toBeGreaterThanOrEqual(5);
    for (const { runs, failures } of jobs) expect([runs > 0, failures]).toEqual([true, 0]);
  });
});
