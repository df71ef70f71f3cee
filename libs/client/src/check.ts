import {
  attributeProblem,
  checkJson,
  type DataClass,
  isRecord,
  sagaIdProblem,
  textProblem,
} from '@skald/core';
import { validateData } from '@skald/ports';
import { InvalidInputError } from './errors.js';

const LONGEST_MESSAGE_ID = 200;
const LONGEST_REASON = 500;

/** @throws InvalidInputError */
export function checkId(id: string): void {
  const problem = sagaIdProblem(id);
  if (problem !== undefined) throw new InvalidInputError('the saga id', [problem]);
}

/** @throws InvalidInputError when it is no saga or contract, but its name, or nothing, as circular imports leave it */
export function checkContract(what: 'saga' | 'signal' | 'call', given: unknown): void {
  if (isRecord(given) && typeof given['name'] === 'string') return;
  const problem = `give what ${what}()${what === 'saga' ? '….build()' : ''} has made, not its name`;
  throw new InvalidInputError(`the ${what}`, [problem]);
}

/** @throws InvalidInputError naming what is wrong, never the values; NotJsonError */
export function checkData(what: string, type: DataClass<object>, data: unknown): void {
  checkJson(data, what);
  const checked = validateData(type, data);
  if ('problems' in checked) throw new InvalidInputError(what, checked.problems);
}

/** @throws InvalidInputError */
export function checkMessageId(id: string): void {
  if (attributeProblem(id) === undefined && id.length >= 1 && id.length <= LONGEST_MESSAGE_ID) return;
  const problem = `a message id is a string of 1 to ${LONGEST_MESSAGE_ID} characters without control characters`;
  throw new InvalidInputError('the message id', [problem]);
}

/** @throws InvalidInputError */
export function checkReason(reason: string): void {
  if (typeof reason !== 'string') throw new InvalidInputError('the reason', ['a reason is a string']);
  if (reason.length >= 1 && reason.length <= LONGEST_REASON && textProblem(reason) === undefined) return;
  throw new InvalidInputError('the reason', [`a reason is a string of 1 to ${LONGEST_REASON} characters`]);
}
