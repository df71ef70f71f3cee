import { describe, expect, it } from '@jest/globals';
import { isPassing, KafkaLoginError } from './errors.js';

/** As kafkajs throws it: its names, types and codes, wrapped by its retries. */
function thrown(name: string, message: string, more: object = {}): Error {
  const error = Object.assign(new Error(message), { name, ...more });
  return Object.assign(new Error(message, { cause: error }), { name: 'KafkaJSNumberOfRetriesExceeded' });
}

describe('what kafkajs throws', () => {
  it.each([
    ['nobody is there', thrown('KafkaJSConnectionError', 'Connection error: x', { code: 'ECONNREFUSED' })],
    ['its name is not known yet', thrown('KafkaJSConnectionError', 'x', { code: 'ENOTFOUND' })],
    ['it does not answer', thrown('KafkaJSConnectionError', 'Connection timeout')],
    ['it hung up', thrown('KafkaJSConnectionClosedError', 'Closed connection')],
    ['it hung up in the login', thrown('KafkaJSConnectionError', 'Connection closed by the server')],
    ['a request was not answered', thrown('KafkaJSRequestTimeoutError', 'Request Metadata timed out')],
    ['a broker is missing', thrown('KafkaJSBrokerNotFound', 'Broker 1 not found in the cached metadata')],
    ['no leader', thrown('KafkaJSProtocolError', 'x', { type: 'LEADER_NOT_AVAILABLE' })],
    ['a controller that changes', thrown('KafkaJSProtocolError', 'x', { type: 'NOT_CONTROLLER' })],
    [
      'topics that could not be created in time',
      Object.assign(new Error('Topic creation errors'), {
        name: 'KafkaJSAggregateError',
        errors: [thrown('KafkaJSCreateTopicError', 'x', { type: 'REQUEST_TIMED_OUT' })],
      }),
    ],
  ])('is a matter of waiting for a process that boots: %s', (_, error) => {
    expect(isPassing(error)).toBe(true);
  });

  it.each([
    [
      'a certificate that nobody trusts',
      thrown('KafkaJSConnectionError', 'self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    ],
    [
      'a wrong password',
      thrown(
        'KafkaJSSASLAuthenticationError',
        'SASL PLAIN authentication failed: Invalid username or password',
      ),
    ],
    ['a right that is missing', thrown('KafkaJSProtocolError', 'x', { type: 'TOPIC_AUTHORIZATION_FAILED' })],
    ['more copies than brokers', thrown('KafkaJSProtocolError', 'x', { type: 'INVALID_REPLICATION_FACTOR' })],
    ['a mistake of ours', new TypeError('x is undefined')],
    ['a text', 'timeout'],
  ])('is no matter of waiting: %s', (_, error) => {
    expect(isPassing(error)).toBe(false);
  });

  it('is no refused login when the broker hung up in it', () => {
    const brokenOff = thrown(
      'KafkaJSSASLAuthenticationError',
      'SASL PLAIN authentication failed: Connection closed by the server',
    );
    expect(isPassing(brokenOff)).toBe(true);
    expect(KafkaLoginError.from(brokenOff)).toBe(brokenOff);

    const refused = thrown(
      'KafkaJSSASLAuthenticationError',
      'SASL PLAIN authentication failed: Invalid username or password',
    );
    expect(KafkaLoginError.from(refused)).toBeInstanceOf(KafkaLoginError);
  });
});
