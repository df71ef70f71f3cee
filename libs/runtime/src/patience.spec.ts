import { describe, expect, it } from '@jest/globals';
import { command, saga, transition } from '@skald/core';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { Patience } from './patience.js';

class Order {
  item?: string;
}
const OrderSaga = saga('order', { version: 1, input: Order, timeout: '30s' })
  .step('reserve', { send: command('stock.reserve', { request: Order }), with: () => ({}) })
  .build();
const DUE = 30_000;
const SILENT = { log: () => undefined, warn: () => undefined };

/** What a timer is told of a command whose time was up at `DUE`, and that lay unread at the last look. */
function told(lookedAt: number): unknown {
  const started = transition(OrderSaga, null, {
    kind: 'started',
    namespace: 'shop',
    id: 'o',
    input: {},
    at: 0,
    random: 0.5,
  });
  if (started === null) throw new Error('not started');
  const transport = new MemoryTransport({ broker: new MemoryBroker() });
  transport.progress = () => ({
    now: lookedAt,
    knownAt: lookedAt,
    hasConfirmed: true,
    reachedAt: () => undefined,
  });
  const clock = { now: () => lookedAt };
  const patience = new Patience({ namespace: 'shop', transport, clock, log: SILENT });
  return patience.postponed(OrderSaga, started.instance, { now: lookedAt, random: 0.5 });
}

describe('a command that lies unread when its time is up', () => {
  it('is looked at again soon, after as long as it has waited so far, for whoever is behind by less than a second is under way', () => {
    expect(told(DUE + 999)).toMatchObject({ postponed: [{ reason: 'backlog', until: DUE + 999 + 999 }] });
  });

  it('gets its whole time again when it still does a second later', () => {
    expect(told(DUE + 1_000)).toMatchObject({
      postponed: [{ reason: 'queued', until: DUE + 1_000 + 30_000 }],
    });
  });
});
