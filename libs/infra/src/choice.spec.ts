import { describe, expect, it, jest } from '@jest/globals';
import { firstFound, type Source } from './choice.js';
import type { Origin } from './infra.js';
import { InfraRun } from './infra-run.js';
import { Progress } from './progress.js';

function source(origin: Origin, outcome: { found: string } | { missing: string }) {
  return { origin, find: jest.fn<Source['find']>().mockResolvedValue(outcome) };
}

describe('the choice of a server', () => {
  it('takes the first source that has one, and does not touch those after it', async () => {
    const environment = source('environment', { missing: 'not set' });
    const docker = source('docker', { found: 'localhost:1' });
    const local = source('local', { found: 'localhost:2' });

    const choice = await firstFound([environment, docker, local]);

    expect(choice).toEqual({ kind: 'found', origin: 'docker', address: 'localhost:1' });
    expect(environment.find).toHaveBeenCalledTimes(1);
    expect(local.find).not.toHaveBeenCalled();
  });

  it('tells the reason of the last source when none has one', async () => {
    const choice = await firstFound([
      source('environment', { missing: 'not set' }),
      source('local', { missing: 'install Java' }),
    ]);

    expect(choice).toEqual({ kind: 'missing', reason: 'install Java' });
  });

  it('does not go on when a source has one that does not work', async () => {
    const broken: Source = { origin: 'docker', find: () => Promise.reject(new Error('broken')) };
    const local = source('local', { found: 'localhost:2' });

    await expect(firstFound([broken, local])).rejects.toThrow('broken');
    expect(local.find).not.toHaveBeenCalled();
  });

  it('begins with the environment: then nothing is started, and nothing is stopped', async () => {
    const run = new InfraRun({ env: {} }, new Progress(() => {}));

    const choice = await run.choose('kafka', 'broker.example:9092');

    expect(choice).toEqual({ kind: 'found', origin: 'environment', address: 'broker.example:9092' });
    expect(run.processes).toEqual([]);
    await run.stop();
  });
});
