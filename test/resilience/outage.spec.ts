import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type InfraService, ServiceProcess } from '@skald/infra';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { startSystem, type TestSystem } from '../setup/bricklayer.js';
import { healthOf, untilHealth } from './health.js';
import { onceEach, startSagas, statuses, untilEnded } from './many-sagas.js';
import { type OwnInfra, startOwnInfra } from './own-infra.js';

const SAGAS = 200;
const AWAY_MS = 60_000;
/** Of one service in one outage: one for each thing that fails, one when it works again, and that it is told to end. */
const MOST_LINES = 15;

/** What was seen of an outage, and after it. */
interface Outage {
  /** What the health checks said while the server was away, each service's. */
  readonly ready: readonly string[];
  readonly live: readonly string[];
  readonly statuses: Record<string, number>;
  readonly effects: Awaited<ReturnType<TestSystem['effects']>>;
  readonly pidsBefore: readonly number[];
  readonly pidsAfter: readonly number[];
  /** What each service wrote from the beginning of the outage. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

describe('an outage of a minute with 200 sagas in flight', () => {
  let outages: Record<InfraService, Outage>;
  // Both at once, each on servers of its own: most of it is waiting.
  beforeAll(async () => {
    const [kafka, postgres] = await Promise.all([outageOf('kafka'), outageOf('postgres')]);
    outages = { kafka, postgres };
  }, 240_000);

  describe.each<[InfraService, RegExp]>([
    ['kafka', /"database":"up","consumer":"down"/],
    // A service that had messages in hand tells that it could not handle them, and why.
    ['postgres', /"database":"down","consumer":("up"|"down","problem":"[^"]* PostgreSQL cannot be reached)/],
  ])('of %s', (service, told) => {
    it('lets every saga end well', () => {
      expect(outages[service].statuses).toEqual({ completed: SAGAS });
    });

    it('doubles nothing and loses nothing in the databases of the participants', () => {
      expect(outages[service].effects).toEqual(onceEach(SAGAS));
    });

    it('makes every service say that it is not ready, and why, but alive', () => {
      for (const answer of outages[service].ready) expect(answer).toMatch(told);
      for (const answer of outages[service].live) expect(answer).toMatch(/^200 /);
    });

    it('needs no restart of any service', () => {
      expect(outages[service].pidsAfter).toEqual(outages[service].pidsBefore);
    });

    it('costs each service a few lines of log', () => {
      for (const lines of outages[service].lines.values()) expect(lines.slice(MOST_LINES)).toEqual([]);
    });
  });
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

describe('services that boot while their servers come and go', () => {
  let own: OwnInfra;
  let services: readonly ServiceProcess[] = [];
  beforeAll(async () => {
    own = await startOwnInfra();
  });
  afterEach(() => Promise.all(services.map((one) => one.stop())));
  afterAll(() => own.infra.stop());

  it.each<InfraService>(['kafka', 'postgres'])(
    'go on waiting for as long as it takes: %s',
    async (server) => {
      const start = (name: string, script: string, databaseUrl: string): Promise<ServiceProcess> => {
        const env = {
          KAFKA_BROKERS: own.brokers.join(','),
          DATABASE_URL: databaseUrl,
          HEALTH_PORT: '0',
          PORT: '0',
          NO_COLOR: '1',
        };
        return ServiceProcess.start({ name, script: compiledFile(script), env, readyTimeoutMs: 120_000 });
      };
      const databases = await Promise.all(
        ['storage', 'orchestrator'].map((name) => own.infra.createDatabase(`${name}-${server}`)),
      );
      const starting = Promise.all([
        start('storage', 'apps/bricklayer-storage/src/main.ts', databases[0] ?? ''),
        start('orchestrator', 'apps/orchestrator/src/main.ts', databases[1] ?? ''),
      ]);
      for (const upMs of [0, 600, 1_500]) {
        await own.infra.pause(server);
        await own.infra.resume(server);
        // Not until something is there, but so that they are met at other steps of their boot.
        await sleep(upMs);
      }
      services = await starting;
      await untilHealth(services, 'ready', 200);
    },
    180_000,
  );
});

/** Takes a server away from a system that works, for a minute; resolves when all sagas have ended. */
async function outageOf(service: InfraService): Promise<Outage> {
  const own = await startOwnInfra();
  const lines = new Map<string, string[]>();
  let system: TestSystem | undefined;
  try {
    system = await startSystem(
      { env: { HEALTH_PORT: '0' }, onLine: (name, line) => lines.get(name)?.push(line) },
      own,
    );
    const services = system.processes.services();
    const pidsBefore = services.map(({ pid }) => pid);
    await untilHealth(services, 'ready', 200);
    await startSagas(system, SAGAS);
    await untilEnded(system, 10);
    const { completed } = await statuses(system);
    if (completed === SAGAS) throw new Error('all sagas had ended before the outage; start more of them');

    for (const { name } of services) lines.set(name, []);
    await own.infra.pause(service);
    const over = sleep(AWAY_MS);
    await untilHealth(services, 'ready', 503);
    const ready = await Promise.all(services.map((one) => healthOf(one, 'ready')));
    const live = await Promise.all(services.map((one) => healthOf(one, 'live')));
    await over;
    await own.infra.resume(service);
    await untilHealth(services, 'ready', 200);
    await untilEnded(system, SAGAS);

    return {
      ready,
      live,
      statuses: await statuses(system),
      effects: await system.effects(),
      pidsBefore,
      pidsAfter: system.processes.services().map(({ pid }) => pid),
      lines,
    };
  } finally {
    await system?.stop();
    await own.infra.stop();
  }
}
