import { CreateBotSaga } from '@bricklayer/contracts';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { CrashPoint } from '@skald/ports';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { newBot, startSystem, type TestSystem } from '../setup/bricklayer.js';

const CRASHING = compiledFile('test/processes/crashing-storage.ts');

describe('a participant, killed with SIGKILL', () => {
  let system: TestSystem | undefined;
  afterEach(() => system?.stop());

  it.each<[CrashPoint, string]>([
    ['before commit', 'its effect is rolled back and made once by the next process'],
    ['after commit', 'its stored reply is sent by the next process'],
    ['after send', 'its reply comes twice and counts once'],
    ['before offset commit', 'its command comes again and the barrier answers it'],
  ])('%s: %s', async (point) => {
    system = await startSystem({
      replaced: { service: 'storage', script: CRASHING },
      env: { SKALD_CRASH_AT: point },
    });
    const { id, input } = newBot();
    const handle = await system.sagas.start(CreateBotSaga, { id, input });
    expect(await system.processes.participantExit('storage')).toMatchObject({ signal: 'SIGKILL' });

    await system.processes.startParticipant('storage');
    expect(await handle.result({ timeout: '50s' })).toMatchObject({ status: 'completed' });
    expect(await system.effects()).toEqual({ bots: 1, tokens: 1, jobs: 1, schedules: 1 });
  });
});
