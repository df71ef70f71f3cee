import { afterEach, describe, expect, it } from '@jest/globals';
import { type Message, RequestType, topics } from '@skald/core';
import { until } from '../participant/participant-harness.js';
import { type Engines, engines, OrderSaga } from './engines.js';

const IDS = Array.from({ length: 40 }, (_, n) => `o-${n}`);

describe('a batch that takes longer than PostgreSQL gives a statement', () => {
  let shop: Engines | undefined;
  afterEach(() => shop?.close());

  async function open(milliseconds: string): Promise<Engines> {
    shop = await engines();
    const { dataSource, broker } = shop;
    await dataSource.query(`
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(${milliseconds} / 1000.0); RETURN NEW; END $$`);
    await dataSource.query(
      'CREATE TRIGGER slow BEFORE INSERT ON skald_instance FOR EACH ROW EXECUTE FUNCTION slow()',
    );
    await shop.start([OrderSaga]);
    const messages = IDS.map((id): Message => ({
      specversion: '1.0',
      id: `m-${id}`,
      source: '/test',
      type: RequestType.start,
      namespace: 'shop',
      sagaid: id,
      data: { definition: 'order', input: { item: 'hat' } },
    }));
    broker.append(
      messages.map((message) => ({
        topic: topics.requests('shop'),
        key: message.sagaid,
        value: JSON.stringify(message),
      })),
    );
    return shop;
  }
  const stored = async ({ dataSource }: Engines): Promise<number> => {
    const [row]: { count: number }[] = await dataSource.query(
      'SELECT count(*)::int AS count FROM skald_instance',
    );
    return row?.count ?? 0;
  };

  it('is done in smaller parts', async () => {
    // All of them take 10 s, and a statement may take 6.
    const own = await open('250');
    await until(async () => ((await stored(own)) === IDS.length ? true : undefined), 50_000);
    expect(own.lines.join('\n')).toMatch(/tried in smaller parts/);
    expect(own.lines.join('\n')).not.toMatch(/refused for good/);
  }, 60_000);
});
