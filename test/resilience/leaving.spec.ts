import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type ServiceProcess } from '@skald/infra';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { startSystem, type TestSystem } from '../setup/bricklayer.js';
import { onceEach, repeatedAttempts, startSagas, statuses, untilEnded } from './many-sagas.js';

/** Who stays must not wait until the session of who left is over, which takes 6 s. */
const TAKEN_OVER_WITHIN_MS = 5_000;
/** The slow participant would need longer for its share than it is given to end. */
const SAGAS = 200;
/** Cold processes carry these well within the bound above, so that what is measured is the taking over. */
const FEWER_SAGAS = 80;

describe('a service that leaves or joins while sagas are in flight', () => {
  let system: TestSystem | undefined;
  afterEach(() => system?.stop());

  it('a participant that gets SIGTERM finishes, replies and leaves; its replica takes over at once', async () => {
    system = await startSystem({
      replaced: { service: 'storage', script: compiledFile('test/processes/slow-storage.ts') },
    });
    const slow = serviceOf(system, 'storage');
    await system.processes.startParticipant('storage', compiledFile('apps/bricklayer-storage/src/main.ts'));
    await startSagas(system, SAGAS);
    await untilSaid(slow, 'a command is in hand');

    const ended = await endedBySigterm(slow);
    const left = Date.now();
    await untilEnded(system, SAGAS);

    expect(ended).toEqual({ code: 0, signal: null });
    expect(Date.now() - left).toBeLessThan(TAKEN_OVER_WITHIN_MS);
    expect(await statuses(system)).toEqual({ completed: SAGAS });
    expect(await system.effects()).toEqual(onceEach(SAGAS));
    expect(await repeatedAttempts(system)).toBe(0);
  });

  it('an orchestrator that gets SIGTERM finishes its turn and leaves; its replica takes over at once', async () => {
    system = await startSystem();
    const first = serviceOf(system, 'orchestrator');
    await system.processes.startOrchestrator();
    await startSagas(system, FEWER_SAGAS);

    const ended = await endedBySigterm(first);
    const left = Date.now();
    await untilEnded(system, FEWER_SAGAS);

    expect(ended).toEqual({ code: 0, signal: null });
    expect(Date.now() - left).toBeLessThan(TAKEN_OVER_WITHIN_MS);
    expect(await statuses(system)).toEqual({ completed: FEWER_SAGAS });
    expect(await system.effects()).toEqual(onceEach(FEWER_SAGAS));
  });

  it('replicas that join and leave in the middle of batches lose nothing and double nothing', async () => {
    system = await startSystem();
    const first = serviceOf(system, 'storage');
    const flow = startFlow(system);

    await system.processes.startParticipant('storage');
    await system.processes.startOrchestrator();
    await endedBySigterm(first);
    const sent = await flow.stop();
    await untilEnded(system, sent);

    expect(await statuses(system)).toEqual({ completed: sent });
    expect(await system.effects()).toEqual(onceEach(sent));
  });
});

function serviceOf({ processes }: TestSystem, name: string): ServiceProcess {
  const service = processes.services().find((one) => one.name === name);
  if (service === undefined) throw new Error(`${name} does not run`);
  return service;
}

async function untilSaid({ lines }: ServiceProcess, text: string): Promise<void> {
  while (!lines.some((line) => line.includes(text))) await sleep(10);
}

/** How it ends when it is given the ten seconds that are usual; a service that needs longer is killed. */
async function endedBySigterm(
  service: ServiceProcess,
): Promise<{ code: number | null; signal: string | null }> {
  await service.stop(10_000);
  const { code, signal } = await service.exited;
  return { code, signal };
}

/** Starts sagas, ten at a time, until it is stopped; says how many there were. */
function startFlow(system: TestSystem): { stop(): Promise<number> } {
  const sending = { goesOn: true };
  const flow = (async () => {
    let sent = 0;
    for (; sending.goesOn; sent += 10) {
      await startSagas(system, 10);
      await sleep(100);
    }
    return sent;
  })();
  return {
    stop: () => {
      sending.goesOn = false;
      return flow;
    },
  };
}
