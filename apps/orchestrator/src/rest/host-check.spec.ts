import { describe, expect, it } from '@jest/globals';
import { HostCheck, isLoopback } from './host-check.js';

describe('the name by which a server is called', () => {
  const local = new HostCheck('127.0.0.1', ['Sagas.example']);
  const open = new HostCheck('0.0.0.0', ['sagas.example']);

  it.each(['localhost', 'LocalHost:3000', '127.0.0.1', '[::1]:80', 'sagas.EXAMPLE', 'sagas.example:443'])(
    '%s is its own',
    (host) => {
      expect([local.isAllowed(host), open.isAllowed(host)]).toEqual([true, true]);
    },
  );

  it.each([
    undefined,
    '',
    'evil.example',
    'sagas.example.evil',
    'xsagas.example',
    'localhost.evil.example',
    'user@localhost',
    'localhost:80:80',
    'localhost, evil.example',
    '[::1].evil.example',
    'localhost/evil',
    '::1',
  ])('%p is nobody it knows', (host) => {
    expect([local.isAllowed(host), open.isAllowed(host)]).toEqual([false, false]);
  });

  it.each(['10.1.2.3', '10.1.2.3:3000', '[2001:db8::1]:3000'])(
    'may be a literal address, %s, where it is open to more than its own machine',
    (host) => {
      expect([local.isAllowed(host), open.isAllowed(host)]).toEqual([false, true]);
    },
  );
});

describe('an address', () => {
  it.each(['localhost', '127.0.0.1', '127.8.9.1', '::1'])(
    '%s is reached from its own machine only',
    (one) => {
      expect(isLoopback(one)).toBe(true);
    },
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'example', ''])(
    '%j may be reached from elsewhere',
    (one) => {
      expect(isLoopback(one)).toBe(false);
    },
  );
});
