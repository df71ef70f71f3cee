import { RequestType } from '@skald/core';
import fc from 'fast-check';
import { type Attributes, soundMessage } from '../messages.js';
import { IN_REPLY, REJECTED, SPOILT } from '../spoilt.js';
import { changed, hostile, type Hostile, type Kinds, STRUCTURED } from './hostile.js';

const start = (kind: string, fields: fc.Arbitrary<Attributes>): fc.Arbitrary<Hostile> =>
  changed(
    kind,
    fields.map((more) => (message) => ({ ...message, ...more })),
    { sounds: ['start'] },
  );

/** Requests that say what makes no sense. */
export const REQUEST_KINDS: Kinds = {
  'start of what nobody knows': start(
    'start of what nobody knows',
    fc.record({
      data: fc.constantFrom(
        { definition: 'nope', input: {} },
        { definition: 'open@1', input: {} },
        { definition: 'open', version: 9, input: {} },
        { definition: 'open', version: 1.5, input: {} },
        { definition: 'open', version: -1, input: {} },
        { definition: 'open', version: '1', input: {} },
        { definition: 7 },
        { definition: 'n'.repeat(600_000), input: {} },
        {},
      ),
    }),
  ),
  'start with bad input': start(
    'start with bad input',
    fc.record({
      data: fc.constantFrom<unknown>(
        { definition: 'open' },
        { definition: 'open', input: null },
        { definition: 'open', input: [] },
        { definition: 'open', input: { item: 7 } },
        { definition: 'open', input: 'x' },
      ),
    }),
  ),
  'start that says where to reply': start(
    'start that says where to reply',
    fc.record({
      replyto: fc.constantFrom('my.replies', 'no such topic!', 'ü'.repeat(300), ''),
      data: fc.constantFrom(
        { definition: 'nope', input: {} },
        { definition: 'open', version: 1, input: { item: 'x' } },
      ),
    }),
  ),
  'start with a far date': start(
    'start with a far date',
    fc
      .constantFrom(
        '1970-01-01',
        '0000-01-01',
        '9999-12-31T24:00:00Z',
        '+275760-09-13T00:00:00Z',
        '-271821-04-20',
        'tomorrow',
        '1e9d',
      )
      .map((deliverOn) => ({ data: { definition: 'open', version: 1, input: { item: 'x', deliverOn } } })),
  ),
  'request to no saga': start(
    'request to no saga',
    fc.constantFrom<Attributes>(
      { type: RequestType.signal, data: { signal: 'paid', data: {} } },
      { type: RequestType.signal, data: {} },
      { type: RequestType.call, data: { call: 'price', data: {} } },
      { type: RequestType.call, data: null },
      { type: RequestType.cancel, data: { reason: 'x' } },
      { type: RequestType.cancel },
      { type: RequestType.get, data: {} },
    ),
  ),
  'wrong request to a good saga': changed(
    'wrong request to a good saga',
    fc
      .constantFrom<Attributes>(
        { type: RequestType.signal, data: { signal: 'nope', data: {} } },
        { type: RequestType.call, data: { call: 'nope', data: {} } },
        { type: RequestType.call, data: { call: '__proto__', data: {} } },
        { type: RequestType.cancel, data: {} },
        { type: RequestType.undo, compensates: 'x', replyto: 'my.replies', data: { definition: 'good' } },
      )
      .map((more) => (message, { good }) => ({ ...message, sagaid: good, ...more })),
    { sounds: ['start'] },
  ),
  'start of an id that is taken': fc
    .constantFrom<Attributes>(
      { data: { definition: 'open', version: 1, input: { item: 'x' } } },
      { data: { definition: 'good', version: 1, input: { item: 'another' } } },
    )
    .map((more): Hostile => ({
      ...hostile('start of an id that is taken', 'requests', false, ({ name, namespace, good }) => ({
        value: JSON.stringify({ ...soundMessage('start', name, namespace), sagaid: good, ...more }),
        headers: STRUCTURED,
      })),
      when: 'after',
    })),
  'saga that makes what is no JSON': start(
    'saga that makes what is no JSON',
    fc.tuple(fc.constantFrom('', IN_REPLY, REJECTED), fc.constantFrom(...SPOILT)).map(([where, what]) => ({
      data: { definition: 'spoilt', version: 1, input: { item: where + what } },
    })),
  ),
  'forged undo': changed(
    'forged undo',
    fc
      .constantFrom<Attributes>(
        { compensates: '' },
        { compensates: 'x' },
        { compensates: 'a/b@1/c/d/do/1' },
        { compensates: 'c'.repeat(600_000) },
        { replyto: 'my.replies' },
      )
      .map((more) => (message) => ({ ...message, ...more })),
    { sounds: ['undo'] },
  ),
};
