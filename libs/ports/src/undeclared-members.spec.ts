import { describe, expect, it } from '@jest/globals';
import { isRecord } from '@skald/core';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { IsArray, IsDate, IsInt, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { isUnchecked, validateData } from './validation.js';

class Tag {
  @IsString()
  text!: string;
}
class Line {
  @IsString()
  sku!: string;

  @Type(() => Tag)
  @ValidateNested({ each: true })
  @IsOptional()
  tags?: Tag[];
}
/** Nothing says that it is to be validated, and yet it says what it holds. */
class Note {
  @IsString()
  text!: string;
}
class Order {
  @IsString()
  item!: string;

  @Type(() => Line)
  @ValidateNested({ each: true })
  @IsArray()
  lines!: Line[];

  @Type(() => Line)
  @ValidateNested()
  @IsOptional()
  first?: Line;

  @Type(() => Note)
  @IsOptional()
  note?: Note;

  @IsObject()
  @IsOptional()
  anything?: object;
}
class Flat {
  @IsInt()
  amount!: number;
}
class Unchecked {
  any!: unknown;
}
class Shape {
  @IsString()
  kind!: string;
}
class Circle extends Shape {
  @IsInt()
  radius!: number;
}
class Drawing {
  @Type(() => Shape, {
    discriminator: { property: 'type', subTypes: [{ value: Circle, name: 'circle' }] },
  })
  @ValidateNested()
  shape!: Shape;
}
class Renamed {
  @Expose({ name: 'full_name' })
  @IsString()
  name!: string;

  @Type(() => Date)
  @IsDate()
  at!: Date;

  @Transform(({ value }) => String(value).trim())
  @IsString()
  text!: string;

  @Exclude()
  @IsOptional()
  secret?: string;
}

function dataOf(type: new () => object, data: unknown): unknown {
  const checked = validateData(type, data);
  if ('problems' in checked) throw new Error(checked.problems.join());
  return checked.data;
}

describe('members that a class does not declare', () => {
  it('are left out of a flat class', () => {
    expect(dataOf(Flat, { amount: 3, botId: 'another' })).toEqual({ amount: 3 });
    expect(dataOf(Flat, { amount: 3, botId: { deep: 1 } })).toEqual({ amount: 3 });
  });

  it('are left out at any depth, in arrays, and where nested data is typed and not validated', () => {
    const line = { sku: 's', evil: 1, tags: [{ text: 't', evil: { x: 1 } }] };
    const data = { item: 'hat', lines: [line, line], first: line, note: { text: 'n', evil: 1 }, evil: [1] };
    const clean = { sku: 's', tags: [{ text: 't' }] };
    expect(dataOf(Order, data)).toEqual({
      item: 'hat',
      lines: [clean, clean],
      first: clean,
      note: { text: 'n' },
    });
  });

  it('are kept where the class says that anything may stand', () => {
    const data = { item: 'hat', lines: [], anything: { a: { b: [1] } } };
    expect(dataOf(Order, data)).toEqual(data);
    expect(dataOf(Unchecked, { other: { x: 1 } })).toEqual({ other: { x: 1 } });
    expect([isUnchecked(Unchecked), isUnchecked(Flat)]).toEqual([true, false]);
  });

  it('do not survive under names that objects have', () => {
    const data: unknown = JSON.parse('{"amount":3,"__proto__":{"amount":4},"constructor":{"name":"x"}}');
    const kept = dataOf(Flat, data);
    expect(Object.keys(kept as object)).toEqual(['amount']);
    expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
  });

  it('change nothing of what is kept: dates, transformed and renamed members stay as they came', () => {
    const data = { full_name: 'Ada', at: '2026-01-02T03:04:05.000Z', text: ' x ', secret: 's', evil: 1 };
    const kept = dataOf(Renamed, data);
    expect(kept).toEqual({ full_name: 'Ada', at: '2026-01-02T03:04:05.000Z', text: ' x ' });
    expect(dataOf(Renamed, kept)).toEqual(kept);
  });

  it('do not take along what tells one class from another', () => {
    const data = { shape: { type: 'circle', kind: 'k', radius: 2, evil: 1 } };
    const kept = dataOf(Drawing, data);
    expect(kept).toEqual({ shape: { type: 'circle', kind: 'k', radius: 2 } });
    expect(dataOf(Drawing, kept)).toEqual(kept);
  });

  it('never survive, whatever comes', () => {
    const name = fc.constantFrom(
      'item',
      'lines',
      'first',
      'note',
      'sku',
      'tags',
      'text',
      'evil',
      '__proto__',
      'x',
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.string(),
        fc.integer(),
        fc.constant(null),
        tie('object'),
        tie('array'),
      ),
      array: fc.array(tie('value'), { maxLength: 3 }),
      object: fc
        .array(fc.tuple(name, tie('value')), { maxLength: 6 })
        .map((members) => Object.fromEntries(members)),
    }));
    const line = fc
      .tuple(fc.string(), value, fc.array(fc.tuple(fc.string(), value), { maxLength: 2 }))
      .map(([sku, evil, tags]) => ({
        sku,
        evil,
        tags: tags.map(([text, more]) => ({ text, evil: more, lines: more })),
      }));
    const order = fc.record({
      item: fc.string(),
      lines: fc.array(line, { maxLength: 3 }),
      evil: value,
      note: value,
    });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(order, value), (data) => {
        const checked = validateData(Order, data);
        if ('problems' in checked) return;
        accepted += 1;
        expectOnly(checked.data, { item: 0, lines: LINE, first: LINE, note: { text: 0 } });
        expect(dataOf(Order, checked.data)).toEqual(checked.data);
      }),
    );
    expect(accepted).toBeGreaterThan(10);
  });
});

interface Declared {
  readonly [member: string]: Declared | number;
}
const LINE: Declared = { sku: 0, tags: { text: 0 } };

function expectOnly(value: unknown, declared: Declared | number | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) expectOnly(item, declared);
  } else if (isRecord(value) && typeof declared === 'object') {
    for (const [name, member] of Object.entries(value)) {
      expect(Object.keys(declared)).toContain(name);
      expectOnly(member, declared[name]);
    }
  }
}

describe('the problems of data', () => {
  it('are told up to twenty, each in two hundred characters, with the number of the others', () => {
    const lines = Array.from({ length: 3_000 }, () => ({}));
    const checked = validateData(Order, { item: 3, lines });
    if (!('problems' in checked)) throw new Error('they were accepted');
    expect(checked.problems).toHaveLength(21);
    expect(checked.problems.at(-1)).toMatch(/^and \d+ more$/);
    expect(Math.max(...checked.problems.map((problem) => problem.length))).toBeLessThanOrEqual(200);
  });
});
