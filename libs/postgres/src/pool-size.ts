import type { DataSource } from 'typeorm';

/** What pg opens when nothing is said. */
const DEFAULT_POOL_SIZE = 10;

/** How many connections a data source may open, read from its options as TypeORM and pg do. */
export function poolSizeOf({ options }: Pick<DataSource, 'options'>): number {
  const extra = 'extra' in options && typeof options.extra === 'object' ? (options.extra as object) : {};
  const max = 'max' in extra ? extra.max : options.poolSize;
  const size = max || ('poolSize' in extra ? extra.poolSize : undefined);
  return typeof size === 'number' && size > 0 ? size : DEFAULT_POOL_SIZE;
}

/**
 * @param needed how many connections are used at a time
 * @param what uses them: `concurrency 8`
 * @returns what to warn of, when the pool of a data source is smaller than that
 */
export function poolProblem(
  dataSource: Pick<DataSource, 'options'>,
  needed: number,
  what: string,
): string | undefined {
  const size = poolSizeOf(dataSource);
  if (size >= needed) return undefined;
  return (
    `the data source may open ${size} connection(s), and ${what} uses ${needed} at a time: ` +
    `some of its work will wait for other work. Set 'poolSize' of the data source to at least ${needed}`
  );
}
