import { CreateBotSaga } from '@bricklayer/contracts';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { CrashPoint } from '@skald/ports';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { newBot, startSystem, type TestSystem } from '../setup/bricklayer.js';

const CRASHING = compiledFile('test/processes/crashing-orchestrator.ts');

describe('the orchestrator, killed with SIGKILL', () => {
  let system: TestSystem | undefined;
  afterEach(() => system?.stop());

  /** The first turn starts the saga, the second takes the first reply. */
  it.each<[CrashPoint, number, string]>([
    ['before commit', 1, 'the start is not lost'],
    ['before commit', 2, 'the reply is not lost'],
    ['after commit', 1, 'the first command is sent by the relay'],
    ['after commit', 2, 'the second command is sent by the relay'],
    ['after send', 2, 'a command that is sent again takes effect once'],
    ['before offset commit', 2, 'a reply that comes again changes nothing'],
  ])('%s, occurrence %i: %s', async (point, occurrence) => {
    system = await startSystem({
      replaced: { service: 'orchestrator', script: CRASHING },
      env: { SKALD_CRASH_AT: point, SKALD_CRASH_ON: String(occurrence) },
    });
    const { id, input } = newBot();
    // It is accepted at the second attempt, where the first orchestrator ends before it can say so.
    const starting = system.sagas.start(CreateBotSaga, { id, input, timeout: '50s' });
    expect(await system.processes.orchestratorExit()).toMatchObject({ signal: 'SIGKILL' });

    await system.processes.startOrchestrator();
    const handle = await starting;
    expect(await handle.result({ timeout: '50s' })).toMatchObject({ status: 'completed' });
    expect(await system.effects()).toEqual({ bots: 1, tokens: 1, jobs: 1, schedules: 1 });
    const history = await system.query<{ sequence: number }>(
      'orchestrator',
      'SELECT sequence FROM skald_history ORDER BY sequence',
    );
    expect(history.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  });

  it('before commit, while it compensates: everything is undone once', async () => {
    system = await startSystem({
      replaced: { service: 'orchestrator', script: CRASHING },
      // Start, two replies, the rejection, and then the reply of the first compensation.
      env: { SKALD_CRASH_AT: 'before commit', SKALD_CRASH_ON: '5' },
    });
    const { id, input } = newBot('0 0 30 2 *');
    // It is accepted at the second attempt, where the first orchestrator ends before it can say so.
    const starting = system.sagas.start(CreateBotSaga, { id, input, timeout: '50s' });
    expect(await system.processes.orchestratorExit()).toMatchObject({ signal: 'SIGKILL' });

    await system.processes.startOrchestrator();
    const handle = await starting;
    expect(await handle.result({ timeout: '50s' })).toMatchObject({
      status: 'compensated',
      failure: { code: 'never_fires' },
    });
    expect(await system.effects()).toEqual({ bots: 0, tokens: 0, jobs: 0, schedules: 0 });
  });
});
