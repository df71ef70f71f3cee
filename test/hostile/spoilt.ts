/** What no message can carry. */
const MAKERS: Readonly<Record<string, () => unknown>> = {
  'a bigint': () => 10n,
  'a circle': () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    return circle;
  },
  'a function': () => () => 1,
  'not a number': () => Number.NaN,
  'a throwing toJSON': () => ({
    toJSON: () => {
      throw new Error('no JSON of this');
    },
  }),
  'a throwing getter': () => ({
    get what() {
      throw new Error('nobody gets this');
    },
  }),
  'a lone surrogate': () => '\ud800',
  'a NUL': () => 'a\u0000b',
  'too deep': () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 12_000; depth += 1) deep = [deep];
    return deep;
  },
  '2 MB': () => 'm'.repeat(2_000_000),
  'an error': () => {
    throw new Error('it did not work');
  },
  'a long error': () => {
    throw new Error('e'.repeat(2_000_000));
  },
};

export const SPOILT = Object.keys(MAKERS);

/** Of an item that a participant replies with; without it the output of the saga is spoilt. */
export const IN_REPLY = 'reply with ';

/** The same, of one that it rejects with. */
export const REJECTED = 'rejection with ';

/**
 * Something of another type than it says.
 *
 * @throws for some names
 */
export function spoilt(name: string): { readonly what: string } {
  return Object.assign({ what: '' }, { what: MAKERS[name]?.() ?? null });
}
