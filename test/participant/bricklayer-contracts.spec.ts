import { CreateBotSaga } from '@bricklayer/contracts';
import { describe, expect, it } from '@jest/globals';
import { checkServed, servedContracts } from '@skald/participant';
import { ConstructorModule } from '../../apps/bricklayer-constructor/src/constructor.module.js';
import { EngineModule } from '../../apps/bricklayer-engine/src/engine.module.js';
import { StorageModule } from '../../apps/bricklayer-storage/src/storage.module.js';

describe("Bricklayer's saga and its services", () => {
  it('agree on every command', () => {
    const served = servedContracts(ConstructorModule, StorageModule, EngineModule);
    expect(served).toHaveLength(6);
    expect(checkServed([CreateBotSaga], served)).toEqual([]);
  });

  it('would be seen not to agree if one service were missing', () => {
    expect(checkServed([CreateBotSaga], servedContracts(ConstructorModule, StorageModule))).toEqual([
      expect.stringContaining("'engine.schedule-job' is served by nobody"),
      expect.stringContaining("'engine.unschedule-job' is served by nobody"),
    ]);
  });
});
