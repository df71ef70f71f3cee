import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type OutgoingMessage, topics } from '@skald/core';
import { MemoryTransport } from '@skald/memory';

import { CommandHandler } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import { Controller, Logger } from '@nestjs/common';
import { startTestParticipant, until } from '../participant/participant-harness.js';
import { freshDatabase } from '../setup/real-services.js';
import { type Engines, engines, OrderSaga, Pack } from './engines.js';

describe('an engine whose pool has one connection', () => {
  let shop: Engines | undefined;
  afterEach(() => shop?.close());

  it('is warned of it at boot, with the option to set', async () => {
    shop = await engines({ poolSize: 1 });
    await shop.start([OrderSaga]);
    expect(shop.lines.join('\n')).toMatch(/1 connection\(s\).*'poolSize'/);
  });

  it('is not warned of a pool of ten', async () => {
    shop = await engines();
    await shop.start([OrderSaga]);
    expect(shop.lines.join('\n')).not.toMatch(/poolSize/);
  });

  it('sends what is owed and removes what has ended: no job waits for a second connection', async () => {
    // Whoever waits for a second connection while it holds the only one would wait for ever, and this test with it.
    shop = await engines({ poolSize: 1, connectWithinMs: 2_000 });
    const { broker } = shop;
    const commands = topics.commands('shop', 'shop');
    const sent = new Set<string>();
    let failures = 3;
    class Failing extends MemoryTransport {
      override async send(messages: readonly OutgoingMessage[]): Promise<void> {
        failures -= 1;
        if (failures >= 0) throw new Error('the broker is away');
        await super.send(messages);
        for (const { topic, message } of messages) if (topic === commands) sent.add(message.sagaid);
      }
    }
    const engine = await shop.start([OrderSaga], {
      transport: new Failing({ broker }),
      relayAfterMs: 0,
      retentionMs: 1,
    });
    const ids = ['o-1', 'o-2', 'o-3'];
    await Promise.all(ids.map((id) => engine.startSaga({ definition: 'order', id, input: { item: 'hat' } })));
    await until(() => Promise.resolve(sent.size === 3 || undefined));

    await Promise.all(
      ids.map((id) => engine.operate(id, { kind: 'terminate' }, { actor: 'ada', reason: 'done' })),
    );
    await until(async () => (await engine.removed('o-1'))[0]);
  });
});

describe('a participant whose pool is smaller than its concurrency', () => {
  it('is warned of it at boot, with the option and the number', async () => {
    const database = await freshDatabase(participantSchema, { poolSize: 4 });
    const warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    @Controller()
    class Packer {
      @CommandHandler(Pack)
      pack(): void {}
    }
    const participant = await startTestParticipant([Packer], {
      participant: 'shop',
      dataSource: database.dataSource,
      concurrency: 8,
    });
    expect(warnings.mock.calls.join('\n')).toMatch(/concurrency of 8 uses 9 .*'poolSize'/);
    warnings.mockRestore();
    await participant.stop();
    await database.drop();
  });
});
