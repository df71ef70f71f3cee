import type { DataClass } from '@skald/core';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';

export type Validated<T extends object> = { readonly value: T } | { readonly problems: readonly string[] };

/**
 * Checks JSON data against the class-validator decorators of its class. Unknown members are left out, so that a newer
 * sender can add some. A class without decorators accepts any object.
 *
 * @returns an instance of the class, or sentences that name the fields and never their values
 */
export function validateData<T extends object>(type: DataClass<T>, data: unknown): Validated<T> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return { problems: ['the data must be a JSON object'] };
  }
  const instance = plainToInstance(type, data);
  if (!hasDecorators(type)) return { value: instance };
  const errors = validateSync(instance, {
    whitelist: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  });
  return errors.length === 0
    ? { value: instance }
    : { problems: errors.flatMap((error) => sentences(error, '')) };
}

const decorated = new WeakMap<DataClass<object>, boolean>();

function hasDecorators(type: DataClass<object>): boolean {
  let known = decorated.get(type);
  if (known === undefined) {
    known = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false).length > 0;
    decorated.set(type, known);
  }
  return known;
}

function sentences(error: ValidationError, path: string): string[] {
  const place = path === '' ? error.property : `${path}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((text) => (path === '' ? text : `${path}.${text}`));
  return [...own, ...(error.children ?? []).flatMap((child) => sentences(child, place))];
}
