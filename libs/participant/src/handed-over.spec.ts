import { describe, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { handedOver } from './handed-over.js';

const answers = Promise.resolve('answered');
class Connection {
  query(): Promise<string> {
    return answers;
  }
}

function connection(own: object = {}): PoolClient {
  return Object.assign(new Connection(), own) as unknown as PoolClient;
}

describe('handedOver', () => {
  it.each([
    ['of its class', {}],
    ['that somebody else has put there', { query: () => answers }],
  ])('leaves the connection with the function %s', async (_whose, own) => {
    const client = connection(own);
    const state = (): unknown[] => [Reflect.get(client, 'query'), Object.keys(client)];
    const before = state();
    const { answered } = await handedOver(client, async () => {
      await client.query('BEGIN');
    });
    await answered;
    expect(state()).toEqual(before);

    const refused = handedOver(client, () => Promise.reject(new Error('not today')));
    await expect(refused).rejects.toThrow('not today');
    expect(state()).toEqual(before);
  });
});
