import { type DataClass, sagaIdProblem } from '@skald/core';
import { validateData } from '@skald/runtime';
import { InvalidInputError } from './errors.js';

/** @throws InvalidInputError */
export function checkId(id: string): void {
  const problem = sagaIdProblem(id);
  if (problem !== undefined) throw new InvalidInputError('the saga id', [problem]);
}

/** @throws InvalidInputError naming what is wrong, never the values */
export function checkData(what: string, type: DataClass<object>, data: unknown): void {
  const checked = validateData(type, data);
  if ('problems' in checked) throw new InvalidInputError(what, checked.problems);
}
