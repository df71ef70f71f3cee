import { describe, expect, it } from '@jest/globals';
import { Expose, plainToInstance, Transform, Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { validateData } from './validation.js';

class Flat {
  @IsString()
  name!: string;

  @IsInt()
  @IsOptional()
  amount: number | null = 7;

  shout(): string {
    return this.name.toUpperCase();
  }
}

class Heir extends Flat {
  @IsString({ each: true })
  @IsArray()
  @IsOptional()
  tags?: string[];
}

class Renamed {
  @Expose({ name: 'full_name' })
  @IsString()
  name!: string;
}

class Trimmed {
  @Transform(({ value }) => String(value).trim())
  @IsString()
  name!: string;
}

class Nested {
  @Type(() => Flat)
  @ValidateNested()
  inner!: Flat;
}

describe('validateData', () => {
  it.each([
    ['a flat class', Flat, { name: 'a', amount: 1 }],
    ['a default', Flat, { name: 'a' }],
    ['null where nothing is allowed', Flat, { name: 'a', amount: null }],
    ['an inherited member, and a list', Heir, { name: 'a', tags: ['x'] }],
    ['a renamed member', Renamed, { full_name: 'a' }],
    ['a transformed member', Trimmed, { name: ' a ' }],
    ['a class in a class', Nested, { inner: { name: 'a', amount: 1 } }],
  ])('gives what class-transformer gives: %s', (_what, type, data) => {
    const checked = validateData<object>(type, data);
    expect(checked).toStrictEqual({
      value: plainToInstance<object, object>(type, data),
      data: expect.any(Object),
    });
    expect(checked).toMatchObject({ value: expect.any(type) });
  });

  it('leaves unknown members out', () => {
    expect(validateData(Flat, { name: 'a', amount: 1, more: 2, shout: 'no' })).toEqual({
      value: { name: 'a', amount: 1 },
      data: { name: 'a', amount: 1 },
    });
  });

  it.each([
    ['a missing member', Flat, {}, ['name must be a string']],
    ['an object in place of a text', Flat, { name: { a: 1 } }, ['name must be a string']],
    ['a list in place of a text', Flat, { name: ['a'] }, ['name must be a string']],
    ['an inherited text', Flat, Object.create({ name: 'a' }), ['name must be a string']],
    ['a class in a class', Nested, { inner: { name: 1 } }, ['inner.name must be a string']],
  ])('names the member: %s', (_what, type, data: object, problems) => {
    expect(validateData<object>(type, data)).toEqual({ problems });
  });
});
