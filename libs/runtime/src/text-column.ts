const SEPARATOR = '\u001e';

/**
 * A column of values as one parameter: as an array, each value would be quoted and its quotes escaped, and all of that
 * undone again. Only for what holds no control character: JSON, checked ids, numbers, times.
 */
export function textColumn(values: readonly (string | number | null)[]): string {
  return values.join(SEPARATOR);
}

/** The SQL that makes an array of such a parameter. An empty text is `NULL`. */
export function arrayFrom(parameter: number, type = 'text'): string {
  const array = `string_to_array($${parameter}, chr(30), '')`;
  return type === 'text' ? array : `${array}::${type}[]`;
}
