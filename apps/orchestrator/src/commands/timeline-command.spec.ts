import { describe, expect, it } from '@jest/globals';
import { saga } from '@skald/core';
import { MemoryBroker, MemoryStore, MemoryTransport } from '@skald/memory';
import { DefinitionRegistry, SagaEngine } from '@skald/runtime';
import { VirtualClock } from '@skald/testing';
import { timelineCommand } from './timeline-command.js';

class Order {
  item?: string;
}
const OrderSaga = saga('order', { version: 1, input: Order }).sleep('a while', '1h').build();
const silent = (): void => undefined;

describe('npm run timeline', () => {
  const store = new MemoryStore();

  async function cancelled(id: string, reason: string): Promise<void> {
    const definitions = new DefinitionRegistry();
    definitions.register(OrderSaga);
    const engine = new SagaEngine({
      namespace: 'shop',
      store,
      transport: new MemoryTransport({ broker: new MemoryBroker() }),
      definitions,
      clock: new VirtualClock(),
      log: { log: silent, warn: silent, error: silent },
    });
    await engine.startSaga({ definition: 'order', id, input: {} });
    await engine.cancel(id, reason);
  }

  it('prints a line for each entry, and what is still to come', async () => {
    await cancelled('o-1', 'a test');
    expect(await timelineCommand({ namespace: 'shop', id: 'o-1' }, store, [OrderSaga])).toMatch(
      /^o-1 {2}order@1 {2}COMPENSATED\n {2}2026-01-01 00:00:00\.000 {2}started → .*\n.*cancelled: a test → .*$/,
    );
  });

  it('prints nothing that somebody sent to forge a line, or to move the cursor', async () => {
    await cancelled('o-2\u202e', 'a test\n  2026-01-01 00:00:00.000  COMPLETED\u001b[2J');
    const text = await timelineCommand({ namespace: 'shop', id: 'o-2\u202e' }, store, [OrderSaga]);
    for (const character of ['\u001b', '\u202e']) expect(text).not.toContain(character);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toContain('a test\\u000a  2026-01-01 00:00:00.000  COMPLETED\\u001b[2J');
  });

  it('says when there is no such saga', async () => {
    await expect(timelineCommand({ namespace: 'shop', id: 'nobody' }, store, [])).rejects.toThrow(
      "there is no saga 'nobody'",
    );
  });
});
