import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { PostgresStore } from './postgres-store.js';

describe('the options of a PostgreSQL store', () => {
  const storeWith = (options: object): unknown =>
    new PostgresStore(new DataSource({ type: 'postgres' }), options);

  it('are refused by the name of the one that there is not', () => {
    expect(() => storeWith({ sesionPooler: true })).toThrow(
      "PostgreSQL store, option 'sesionPooler': there is no such option here; there are sessionPooler",
    );
  });

  it('are true or false', () => {
    expect(() => storeWith({ sessionPooler: 'yes' })).toThrow(
      'option \'sessionPooler\': "yes" is not allowed',
    );
    expect(() => storeWith({ sessionPooler: undefined })).not.toThrow();
    expect(() => storeWith({ sessionPooler: true })).not.toThrow();
  });
});
