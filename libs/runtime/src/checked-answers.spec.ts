import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { call, saga } from '@skald/core';
import { Type } from 'class-transformer';
import { Allow, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { Shop } from './shop.fixture.js';

class Question {
  @Allow()
  want?: string;
}
class Part {
  @IsInt()
  weight!: number;
}
class Answer {
  @IsString()
  text!: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => Part)
  part?: Part;
}
const Tell = call('tell', { request: Question, reply: Answer });
const answers: Readonly<Record<string, unknown>> = {
  right: { text: 'well' },
  more: { text: 'well', secret: 2, part: { weight: 1, secret: 3 } },
  date: { text: new Date(0) },
  wrong: { tekst: 1 },
  nested: { text: 'well', part: { weight: 'heavy' } },
  nothing: undefined,
  null: null,
  list: [],
};
const Waiting = saga('waiting', { version: 1, input: Question })
  .onCall(Tell, {
    as: 'told',
    handle: (_, { want }) => ({ answer: answers[String(want)] as Answer, keep: { want } }),
  })
  .sleep('long', '1h')
  .build();

describe('what a saga answers a call', () => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await new Shop({ definitions: [Waiting] }).open();
    await shop.engine.startSaga({ definition: 'waiting', id: 'o-1', input: {} });
  });
  afterEach(() => shop.close());

  it.each([
    ['right', { text: 'well' }],
    ['more', { text: 'well', part: { weight: 1 } }],
    ['date', { text: '1970-01-01T00:00:00.000Z' }],
  ])('is what its contract declares, and no more: %s', async (want, data) => {
    const answered = { kind: 'answered', data };
    expect(await shop.engine.call('o-1', 'm-1', 'tell', { want })).toEqual(answered);
    // A copy is told what was stored.
    expect(await shop.engine.call('o-1', 'm-1', 'tell', { want })).toEqual(answered);
    expect((await shop.engine.find('o-1'))?.results).toEqual({ told: { want } });
  });

  it.each([
    ['wrong', 'text must be a string'],
    ['nested', 'part.weight must be an integer number'],
    ['nothing', 'is undefined'],
    ['null', 'must be a JSON object'],
    ['list', 'must be a JSON object'],
  ])('is refused where its contract does not say that, and changes nothing: %s', async (want, text) => {
    await expect(shop.engine.call('o-1', 'm-1', 'tell', { want })).rejects.toMatchObject({
      code: 'call_failed',
      message: expect.stringMatching(new RegExp(`'tell'.*${text}`)),
    });
    expect(await shop.engine.find('o-1')).toMatchObject({ status: 'running', results: {} });
  });
});
