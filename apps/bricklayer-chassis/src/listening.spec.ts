import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { listeningText } from './listening.js';

describe('where a server listens', () => {
  it.each([
    ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['0.0.0.0', /^http:\/\/0\.0\.0\.0:\d+ which is every address of this machine$/],
  ])('is told as it is: %s', async (host, text) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    try {
      expect(listeningText(server)).toMatch(text);
    } finally {
      server.close();
    }
  });

  it.each([
    [{ address: '::', family: 'IPv6', port: 80 }, 'http://[::]:80 which is every address of this machine'],
    [{ address: '::1', family: 'IPv6', port: 80 }, 'http://[::1]:80'],
  ])('is told of IPv6, too: %p', (address, text) => {
    expect(listeningText({ address: () => address })).toBe(text);
  });
});
