import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { restIdleQueues } from './idle-queues.js';

interface Queue {
  maybeThrottle(milliseconds: number): void;
  push(request: object): void;
  fulfillRequest(answer: { correlationId: number; payload: unknown; size: number }): void;
}

const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as new (
  options: object,
) => Queue;

function queue(): Queue {
  const logger = { debug: () => undefined, warn: () => undefined };
  return new RequestQueue({
    maxInFlightRequests: null,
    requestTimeout: 30_000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: 'test:9092',
    logger,
    isConnected: () => true,
  });
}

function request(correlationId: number, sent: number[]): object {
  return {
    entry: { correlationId, resolve: () => undefined, reject: () => undefined },
    expectResponse: true,
    sendRequest: () => sent.push(correlationId),
  };
}

describe('the requests of a connection', () => {
  beforeEach(() => {
    restIdleQueues();
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('cost nothing any more when all are answered', () => {
    const sent: number[] = [];
    const requests = queue();
    requests.push(request(1, sent));
    requests.fulfillRequest({ correlationId: 1, payload: null, size: 0 });

    expect(sent).toEqual([1]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('that a broker has told to come later are sent then', () => {
    const sent: number[] = [];
    const requests = queue();
    requests.maybeThrottle(1_000);
    requests.push(request(1, sent));
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(1_100);

    expect(sent).toEqual([1]);
    requests.fulfillRequest({ correlationId: 1, payload: null, size: 0 });
    expect(jest.getTimerCount()).toBe(0);
  });
});
