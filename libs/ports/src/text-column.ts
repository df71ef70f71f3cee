import { textProblem } from '@skald/core';
import { UnstorableError } from './errors.js';

const SEPARATOR = '\u001e';

/**
 * A column of values as one parameter: as an array, each value would be quoted and its quotes escaped, and all of that
 * undone again. Only for what holds no control character: JSON, checked ids, numbers, times.
 */
export function textColumn(values: readonly (string | number | null)[]): string {
  return values.join(SEPARATOR);
}

/**
 * A column of texts that came from outside. What would end up as another value, as two values or as none is refused.
 *
 * @throws UnstorableError for a text that is empty, or holds NUL, the separator or half a character
 */
export function outsideColumn(values: readonly string[]): string {
  checkNames(values);
  return values.join(SEPARATOR);
}

/** @throws UnstorableError for an id or a name that no store can hold */
export function checkNames(values: readonly string[]): void {
  for (const value of values) {
    const problem = nameProblem(value);
    if (problem !== undefined) throw new UnstorableError(`an id or a name ${problem}: it cannot be stored`);
  }
}

/** @throws UnstorableError for a text that no store can hold */
export function checkTexts(values: readonly string[]): void {
  for (const value of values) {
    const problem = textProblem(value);
    if (problem !== undefined) throw new UnstorableError(`a text holds ${problem}: it cannot be stored`);
  }
}

function nameProblem(value: string): string | undefined {
  if (value === '') return 'is empty';
  if (value.includes(SEPARATOR)) return 'holds the control character U+001E';
  const problem = textProblem(value);
  return problem && `holds ${problem}`;
}

/** The SQL that makes an array of such a parameter. An empty text is `NULL`. */
export function arrayFrom(parameter: number, type = 'text'): string {
  const array = `string_to_array($${parameter}, chr(30), '')`;
  return type === 'text' ? array : `${array}::${type}[]`;
}
