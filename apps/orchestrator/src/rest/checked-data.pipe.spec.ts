import { describe, expect, it } from '@jest/globals';
import { CheckedDataPipe } from './checked-data.pipe.js';
import { ProblemException } from './problem.js';
import { CancelRequest } from './saga-action.request.js';
import { StartSagaRequest } from './start-saga.request.js';

function passed(type: new () => object, text: string): unknown {
  return new CheckedDataPipe().transform(JSON.parse(text), { type: 'body', metatype: type });
}
function problemOf(type: new () => object, text: string): unknown {
  try {
    passed(type, text);
  } catch (error) {
    if (error instanceof ProblemException) return error.getResponse();
    throw error;
  }
  throw new Error('it was taken');
}

describe('the body of a request', () => {
  const names = '"constructor":1,"toString":1,"then":2,"hasOwnProperty":"x","__proto__":{"x":1},"fine":true';

  it('reaches the engine as it is, whatever the members of its data are called', () => {
    const text = `{"definition":"order","input":{"words":{${names}},${names}}}`;
    expect(JSON.stringify(passed(StartSagaRequest, text))).toBe(text);
  });

  it.each(['constructor', '__proto__', 'toString', 'inputt'])(
    'is refused with the name of a member that no class declares: %s',
    (name) => {
      const problem = `property ${name} should not exist`;
      expect(problemOf(CancelRequest, `{"reason":"x","${name}":{"a":1}}`)).toMatchObject({
        type: 'urn:skald:problem:malformed_request',
        status: 400,
        detail: problem,
        errors: [problem],
      });
    },
  );

  it('is refused with the first twenty problems, and the number of the others', () => {
    const many = Array.from({ length: 30 }, (_, at) => `"m${at}":0`).join();
    const { errors } = problemOf(CancelRequest, `{${many}}`) as { readonly errors: readonly string[] };
    expect(errors).toHaveLength(21);
    expect(errors[0]).toBe('property m0 should not exist');
    expect(errors[20]).toMatch(/^and \d+ more$/);
  });

  it('is refused when it is missing, naming what is', () => {
    expect(problemOf(CancelRequest, 'null')).toMatchObject({ detail: expect.stringContaining('reason') });
  });

  it('is looked through in a time that grows with its length', () => {
    const many = Array.from({ length: 100_000 }, (_, at) => `"m${at}":0`).join();
    const begun = performance.now();
    passed(StartSagaRequest, `{"definition":"order","input":{"meta":{${many}}}}`);
    expect(problemOf(StartSagaRequest, `{"definition":"order","input":{},${many}}`)).toBeDefined();
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
