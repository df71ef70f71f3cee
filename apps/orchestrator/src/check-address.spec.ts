import { describe, expect, it } from '@jest/globals';
import { checkAddress, OpenToAllError } from './check-address.js';
import { startOrchestrator } from './start-orchestrator.js';

describe('the address of the REST interface', () => {
  it.each(['127.0.0.1', 'localhost', '::1'])('may be %s, which nobody else can reach', (host) => {
    expect(() => checkAddress(host, false)).not.toThrow();
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'sagas.example'])(
    'may be %s only when somebody has said that anybody may operate',
    (host) => {
      expect(() => checkAddress(host, false)).toThrow(OpenToAllError);
      expect(() => checkAddress(host, false)).toThrow(/HTTP_WITHOUT_AUTHENTICATION=yes-anyone-may-operate/);
      expect(() => checkAddress(host, true)).not.toThrow();
    },
  );

  it('is checked before anything is started', async () => {
    const surroundings = { namespace: 'shop', databaseUrl: 'postgres://nowhere.invalid/x' };
    const started = startOrchestrator(surroundings as never, { port: 0, host: '0.0.0.0' });
    await expect(started).rejects.toBeInstanceOf(OpenToAllError);
  });
});
