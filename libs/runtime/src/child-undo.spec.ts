import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  childId,
  commandIdOf,
  incarnationOf,
  orchestratorSource,
  saga,
  type SagaInstance,
  signal,
} from '@skald/core';
import { IsOptional } from 'class-validator';
import { Shop } from './shop.fixture.js';

class Nothing {
  @IsOptional()
  x?: string;
}
const Go = signal('go', { data: Nothing });
const KidSaga = saga('kid', { version: 1, input: Nothing })
  .waitFor('go', { signals: [Go] })
  .build();
const ParentSaga = saga('parent', { version: 1, input: Nothing })
  .child('kid', { saga: KidSaga, with: () => ({}) })
  .build();

const VISIT = { step: 'kid', visit: 1 };
const NOTE = { actor: 'ada', reason: 'a test' };

describe('the undo of a child saga', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await new Shop({ definitions: [KidSaga, ParentSaga] }).open();
  });
  afterEach(() => shop.close());

  const start = async (definition: string, id: string): Promise<SagaInstance> =>
    (await shop.engine.startSaga({ definition, id, input: {} })).instance;

  /** The parent is cancelled before its child begins, whose id somebody else has. */
  async function parentOfNobody(): Promise<string> {
    const incarnation = incarnationOf({ at: shop.clock.now(), random: 0.5 });
    const child = childId({ id: 'p', incarnation }, VISIT);
    await start('kid', child);
    await start('parent', 'p');
    await shop.engine.cancel('p', 'changed my mind');
    await shop.clock.advance(1_000);
    return child;
  }

  it('that is refused is told to its parent, which stops and says why', async () => {
    const child = await parentOfNobody();
    expect(await shop.engine.find('p')).toMatchObject({
      status: 'suspended',
      suspension: { step: 'kid', direction: 'undo', outcome: 'rejected', code: 'not_the_child' },
    });
    expect(await shop.status(child)).toBe('running');
    expect(shop.deadLetters()).toContain(`not_the_child ${child}`);
  });

  it('that is refused can be skipped, and tried again', async () => {
    await parentOfNobody();
    await shop.engine.operate('p', { kind: 'retry' }, NOTE);
    await shop.clock.advance(1_000);
    expect(await shop.engine.find('p')).toMatchObject({ suspension: { code: 'not_the_child' } });
    await shop.engine.operate('p', { kind: 'skip' }, NOTE);
    expect(await shop.status('p')).toBe('compensated');
  });

  it("counts only when it names the command of its parent's very step that it compensates", async () => {
    const parent = await start('parent', 'p');
    const [visit] = parent.visits;
    if (visit === undefined) throw new Error('no visit');
    const child = childId(parent, VISIT);
    await shop.engine.cancel('p', 'changed my mind');
    const undo = commandIdOf(parent, { ...visit, undo: { state: 'pending', attempt: 1 } }, 'undo');
    const own = {
      id: undo,
      source: orchestratorSource('shop'),
      replyto: 'shop.saga.replies',
      compensates: undo,
    };
    await shop.send('skald.saga.undo', child, { definition: 'kid', version: 1 }, own);
    await shop.clock.advance(1_000);
    expect(shop.deadLetters()).toEqual([`wrong_compensates ${child}`]);
    expect(await shop.engine.find(child)).toMatchObject({
      parent: { doId: commandIdOf(parent, visit, 'do') },
    });
    expect(await shop.status('p')).toBe('compensated');
  });
});
