import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandId, type CommandRef, lifecycleId, MalformedIdError, parseCommandId, parseId } from './ids.js';

const ref: CommandRef = {
  namespace: 'shop',
  definition: 'order@1',
  sagaId: 'o 1/2',
  step: 'reserve stock',
  direction: 'undo',
  visit: 2,
};

describe('the id of a command', () => {
  it('is readable text', () => {
    expect(commandId(ref)).toBe('shop/order@1/o%201%2F2/reserve%20stock/undo/2');
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
    expect(id).toBe('shop/order@1/o%201%2F2/reserve%20stock/undo/2.2');
    expect(parseCommandId(id)).toEqual({ ...ref, round: 2 });
  });

  it.each([
    '',
    'x',
    'shop/order@1/o/step/do',
    'shop/order@1/o/step/maybe/1',
    'shop/order@1/o/step/do/0',
    'shop/order@1/o/step/do/1.0',
    'a/b/%/d/do/1',
  ])('cannot be read from %p', (text) => {
    expect(() => parseCommandId(text)).toThrow(MalformedIdError);
  });

  it('is not mixed up with the id of a lifecycle event', () => {
    const id = lifecycleId({
      namespace: 'shop',
      definition: 'order@1',
      sagaId: 'o',
      event: 'completed',
      revision: 4,
    });
    expect(parseId(id)).toEqual({
      namespace: 'shop',
      definition: 'order@1',
      sagaId: 'o',
      event: 'completed',
      revision: 4,
    });
    expect(() => parseCommandId(id)).toThrow(MalformedIdError);
  });
});
