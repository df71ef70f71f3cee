import { describe, expect, it } from '@jest/globals';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { KafkaSagaClient } from './kafka-saga-client.js';
import { RestSagaClient } from './rest-saga-client.js';

const overRest = (more: object): unknown =>
  new RestSagaClient({ url: 'http://localhost:3000', namespace: 'shop', ...more });
const overKafka = (more: object): unknown =>
  new KafkaSagaClient({
    namespace: 'shop',
    name: 'web',
    transport: new MemoryTransport({ broker: new MemoryBroker() }),
    ...more,
  });

describe('the options of a saga client', () => {
  it('are refused by the name of the one that there is not', () => {
    expect(() => overRest({ polMs: 100 })).toThrow(
      "option 'polMs': there is no such option here; there are url",
    );
    expect(() => overKafka({ url: 'http://localhost' })).toThrow(
      "option 'url': there is no such option here",
    );
  });

  it.each([0, -1, 1.5, Number.NaN, Infinity, 60_001, '500'])(
    'refuse a pollMs of %p, with its bounds',
    (bad) => {
      expect(() => overRest({ pollMs: bad })).toThrow("option 'pollMs'");
      expect(() => overRest({ pollMs: bad })).toThrow('use a whole number from 1 to 60000');
    },
  );

  it.each([[7], [['a']], [{ authorization: 7 }], [null]])('refuse headers that are none: %j', (headers) => {
    expect(() => overRest({ headers })).toThrow("option 'headers': must be an object of texts");
  });
});
