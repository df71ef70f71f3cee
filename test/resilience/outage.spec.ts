import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { compiledFile, type InfraService, ServiceProcess } from '@skald/infra';
import { startSystem, type TestSystem } from '../setup/bricklayer.js';
import { healthOf, untilHealth } from './health.js';
import { onceEach, startSagas, statuses, untilEnded } from './many-sagas.js';
import { type OwnInfra, startOwnInfra } from './own-infra.js';

const SAGAS = 200;
const AWAY_MS = 60_000;
/** Of one service in one outage: one for each thing that fails, and one when it works again. */
const MOST_LINES = 12;

describe('an outage of a minute with 200 sagas in flight: all end well, nothing is lost or doubled', () => {
  let own: OwnInfra;
  let system: TestSystem | undefined;
  beforeAll(async () => {
    own = await startOwnInfra();
  });
  afterEach(() => system?.stop());
  afterAll(() => own.infra.stop());

  it.each<[InfraService, RegExp]>([
    ['kafka', /"database":"up","consumer":"down"/],
    ['postgres', /"database":"down","consumer":"up"/],
  ])(
    '%s away: services wait, are not ready, and come back by themselves',
    async (service, told) => {
      const lines: string[] = [];
      system = await startSystem(
        { env: { HEALTH_PORT: '0' }, onLine: (name, line) => lines.push(`${name}: ${line}`) },
        own,
      );
      const services = system.processes.services();
      const pids = services.map(({ pid }) => pid);
      await untilHealth(services, 'ready', 200);
      await startSagas(system, SAGAS);
      await untilEnded(system, 10);

      lines.length = 0;
      await own.infra.pause(service);
      const back = sleep(AWAY_MS);
      await untilHealth(services, 'ready', 503);
      for (const one of services) expect(await healthOf(one, 'ready')).toMatch(told);
      await untilHealth(services, 'live', 200);
      await back;
      await own.infra.resume(service);
      await untilHealth(services, 'ready', 200);
      await untilEnded(system, SAGAS);

      expect(await statuses(system)).toEqual({ completed: SAGAS });
      expect(await system.effects()).toEqual(onceEach(SAGAS));
      expect(system.processes.services().map(({ pid }) => pid)).toEqual(pids);
      for (const { name } of services) {
        const said = lines.filter((line) => line.startsWith(`${name}: `));
        expect(said.slice(MOST_LINES)).toEqual([]);
      }
    },
    150_000,
  );
});

describe('a service, while Kafka and PostgreSQL are both away', () => {
  let own: OwnInfra;
  let storage: ServiceProcess | undefined;
  beforeAll(async () => {
    own = await startOwnInfra();
  });
  afterEach(() => storage?.stop());
  afterAll(() => own.infra.stop());

  it('ends on SIGTERM in under 10 s, waits when it is started, and takes part when they are back', async () => {
    const env = {
      KAFKA_BROKERS: own.brokers.join(','),
      DATABASE_URL: await own.infra.createDatabase('storage'),
      HEALTH_PORT: '0',
      NO_COLOR: '1',
    };
    const script = compiledFile('apps/bricklayer-storage/src/main.ts');
    const start = (): Promise<ServiceProcess> => ServiceProcess.start({ name: 'storage', script, env });
    storage = await start();
    await Promise.all([own.infra.pause('kafka'), own.infra.pause('postgres')]);
    await untilHealth([storage], 'ready', 503);

    storage.kill('SIGTERM');
    const begun = Date.now();
    await storage.exited;
    expect(Date.now() - begun).toBeLessThan(10_000);

    const starting = start();
    await Promise.all([own.infra.resume('kafka'), own.infra.resume('postgres')]);
    storage = await starting;
    await untilHealth([storage], 'ready', 200);
  }, 120_000);
});
