import { describe, expect, it } from '@jest/globals';
import { Transform, Type } from 'class-transformer';
import { IsDate, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { validateData } from './validation.js';

class Job {
  @IsString()
  name!: string;
}
/** An object in an object, as in the README's own example. */
class Order {
  @IsString()
  item!: string;

  @Type(() => Job)
  @ValidateNested()
  @IsOptional()
  job?: Job;
}
class Note {
  @IsObject()
  meta!: Record<string, unknown>;
}
class Kept {
  @Transform(({ value }) => value)
  @IsObject()
  meta!: Record<string, unknown>;
}
class Prices {
  @Type(() => Job)
  @ValidateNested({ each: true })
  jobs!: Map<string, Job>;
}
class Anything {
  any?: unknown;
}
class Box {
  @Type(() => Anything)
  @IsObject()
  any!: Anything;
}
class Untyped {
  @ValidateNested()
  job!: Job;
}
class Appointment {
  @Type(() => Date)
  @IsDate()
  at!: Date;
}
class Titled {
  @Type(() => String)
  @IsString()
  title!: string;
}
class Circle extends Job {}
class Drawing {
  @Type(() => Job, { discriminator: { property: 'type', subTypes: [{ value: Circle, name: 'circle' }] } })
  @ValidateNested({ each: true })
  shapes!: Job[];
}

type Data = Record<string, unknown>;
/** As JSON brings it: a member `__proto__` is a member like others. */
const HOSTILE =
  '{"constructor":null,"toString":1,"valueOf":{"a":1},"hasOwnProperty":"x","__proto__":{"x":1},"then":2,"fine":true}';
const hostile = (): unknown => JSON.parse(HOSTILE);
const check = (type: new () => object, data: unknown): ReturnType<typeof validateData> =>
  validateData(type, data);
const dataOf = (type: new () => object, data: unknown): string => {
  const checked = check(type, data);
  if ('problems' in checked) throw new Error(checked.problems.join());
  return JSON.stringify(checked.data);
};

describe('data from outside with very many members', () => {
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at.toString(36)}`, 0]));

  it.each<[string, new () => object, Data]>([
    ['that its class does not declare', Order, { item: 'hat', job: { name: 'x' }, ...many }],
    ['that a nested class does not declare', Order, { item: 'hat', job: { name: 'x', ...many } }],
    ['in a free object', Note, { meta: many }],
    ['in a free object below a free object', Note, { meta: { list: [many] } }],
    ['in a free object that is transformed', Kept, { meta: many }],
    ['of a class that declares nothing', Anything, many],
    ['of a nested class that declares nothing', Box, { any: many }],
    ['in a map', Note, { meta: { jobs: many } }],
  ])(
    'is checked in a time that grows with its length, not with its square: members %s',
    (_what, type, data) => {
      const begun = performance.now();
      expect(check(type, data)).not.toHaveProperty('problems');
      expect(performance.now() - begun).toBeLessThan(5_000);
    },
  );
});

describe('members that are called like what every object has', () => {
  it.each<[string, new () => object, (hostile: unknown) => unknown]>([
    ['a free object', Note, (any) => ({ meta: any })],
    ['an object in a free object', Note, (any) => ({ meta: { list: [{ words: any }] } })],
    ['a free object that is transformed', Kept, (any) => ({ meta: any })],
    ['a class that declares nothing', Anything, (any) => any],
    ['a nested class that declares nothing', Box, (any) => ({ any })],
  ])('are kept exactly in %s', (_what, type, around) => {
    const data = around(hostile());
    expect(dataOf(type, data)).toBe(JSON.stringify(data));
    expect(JSON.stringify(data)).toContain(HOSTILE);
  });

  it('are kept exactly in what a handler is given of a free object', () => {
    const checked = check(Note, { meta: hostile() });
    expect(JSON.stringify(checked)).toContain(`"value":{"meta":${HOSTILE}}`);
  });

  it.each([Order, Job])('are left out where %p does not declare them', (type) => {
    const data = { ...(hostile() as object), item: 'hat', name: 'x', more: hostile() };
    expect(Object.keys(JSON.parse(dataOf(type, data)))).toEqual([type === Order ? 'item' : 'name']);
  });

  it.each<[string, new () => object, (hostile: unknown) => unknown]>([
    ['a text', Job, (name) => ({ name })],
    ['a text that is made of what comes', Titled, (title) => ({ title })],
    ['a date', Appointment, (at) => ({ at })],
    ['a class', Order, (job) => ({ item: 'hat', job })],
    ['a class that nobody named', Untyped, (job) => ({ job })],
    ['a list of classes', Drawing, (any) => ({ shapes: [any, null] })],
    ['a member of a map', Prices, (has) => ({ jobs: { has, constructor: has } })],
  ])('are refused, and nothing throws, in an object in place of %s', (_what, type, around) => {
    expect(check(type, around(hostile()))).toEqual({ problems: expect.any(Array) });
  });
});

describe('what a handler is given', () => {
  it('is its own: what it does to a free object changes nothing of the message, which may be handled again', () => {
    const data = { meta: { list: [{ a: 1 }] } };
    const checked = validateData(Note, data);
    if ('problems' in checked) throw new Error('it was refused');
    Object.assign(checked.value.meta, { list: 'gone' });
    expect(data).toEqual({ meta: { list: [{ a: 1 }] } });
    const again = validateData(Note, data);
    if (!('problems' in again)) (again.value.meta['list'] as Data[]).push({});
    expect(data).toEqual({ meta: { list: [{ a: 1 }] } });
  });
});
