import { describe, expect, it } from '@jest/globals';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { poolProblem, poolSizeOf } from './pool-size.js';

function dataSource(options: Partial<DataSourceOptions>): DataSource {
  return new DataSource({ type: 'postgres', ...options } as DataSourceOptions);
}

describe('the pool of a data source', () => {
  it.each<[number, Partial<DataSourceOptions>]>([
    [10, {}],
    [4, { poolSize: 4 }],
    [3, { extra: { max: 3 } }],
    [3, { poolSize: 8, extra: { max: 3 } }],
    [5, { extra: { poolSize: 5, pipeline: true } }],
  ])('may open %d connections with %j', (size, options) => {
    expect(poolSizeOf(dataSource(options))).toBe(size);
  });

  it('is warned of when it is too small, with the option and the number', () => {
    const small = dataSource({ poolSize: 4 });
    expect(poolProblem(small, 4, 'concurrency 3')).toBeUndefined();
    expect(poolProblem(small, 9, 'concurrency 8')).toMatch(/concurrency 8 uses 9 .*'poolSize'.* at least 9/);
  });
});
