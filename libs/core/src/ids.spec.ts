import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  commandId,
  type CommandRef,
  incarnationOf,
  lifecycleId,
  type LifecycleRef,
  MalformedIdError,
  parseCommandId,
  parseId,
} from './ids.js';

const ref: CommandRef = {
  namespace: 'shop',
  definition: 'order@1',
  sagaId: 'o 1/2',
  incarnation: 'mi7abc00k2x9',
  step: 'reserve stock',
  direction: 'undo',
  visit: 2,
};

describe('the id of a command', () => {
  it('is readable text', () => {
    expect(commandId(ref)).toBe('shop/order@1/o%201%2F2/mi7abc00k2x9/reserve%20stock/undo/2');
  });

  it('says where its reply belongs, whatever the saga is called', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !/\p{Surrogate}/u.test(text)),
        fc.string({ minLength: 1 }),
        (sagaId, step) => {
          expect(parseCommandId(commandId({ ...ref, sagaId, step }))).toEqual({ ...ref, sagaId, step });
        },
      ),
    );
  });

  it('tells apart what an operator had tried again after a no', () => {
    const id = commandId({ ...ref, round: 2 });
    expect(id).toBe('shop/order@1/o%201%2F2/mi7abc00k2x9/reserve%20stock/undo/2.2');
    expect(parseCommandId(id)).toEqual({ ...ref, round: 2 });
  });

  it('is still read, and written, for an instance that began before there were incarnations', () => {
    const { incarnation: _, ...old } = ref;
    const id = commandId(old);
    expect(id).toBe('shop/order@1/o%201%2F2/reserve%20stock/undo/2');
    expect(parseCommandId(id)).toEqual(old);
    expect(parseCommandId(id)).not.toHaveProperty('incarnation');
  });

  it.each([
    '',
    'x',
    'shop/order@1/o/step/do',
    'shop/order@1/o/step/maybe/1',
    'shop/order@1/o/step/do/0',
    'shop/order@1/o/step/do/1.0',
    'a/b/%/d/do/1',
    'shop/order@1/o//step/do/1',
    'shop/order@1/o/i/n/step/do/1',
    'shop/order@1/o/i/step/maybe/1',
  ])('cannot be read from %p', (text) => {
    expect(() => parseCommandId(text)).toThrow(MalformedIdError);
  });

  it('is not mixed up with the id of a lifecycle event', () => {
    const ref: LifecycleRef = {
      namespace: 'shop',
      definition: 'order@1',
      sagaId: 'o',
      event: 'completed',
      revision: 4,
    };
    const id = lifecycleId(ref);
    expect(parseId(id)).toEqual(ref);
    const ofOne = lifecycleId({ ...ref, incarnation: 'mi7abc00k2x9' });
    expect(parseId(ofOne)).toEqual({ ...ref, incarnation: 'mi7abc00k2x9' });
    expect(() => parseCommandId(id)).toThrow(MalformedIdError);
  });
});

describe('an incarnation', () => {
  it('is text that needs no encoding, and sorts by the time when the instance began', () => {
    const at = Date.parse('2026-11-20T03:00:00Z');
    const times = [at, at + 1, at + 60_000, at + 86_400_000 * 365];
    const all = times.flatMap((time) =>
      [0, 0.5, 0.999_999_999_999].map((random) => incarnationOf({ at: time, random })),
    );
    for (const one of all) expect(one).toMatch(/^[0-9a-z]{14}$/);
    expect(new Set(all).size).toBe(all.length);
    expect(all.toSorted()).toEqual(all);
  });
});
