import type { DataClass } from '@skald/core';
import { plainToInstance, TransformationType } from 'class-transformer';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
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
  const { hasDecorators, flatMembers } = traitsOf(type);
  const instance = (flatMembers && flatInstance(type, data, flatMembers)) ?? plainToInstance(type, data);
  if (!hasDecorators) return { value: instance };
  const errors = validateSync(instance, {
    whitelist: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  });
  return errors.length === 0
    ? { value: instance }
    : { problems: errors.flatMap((error) => sentences(error, '')) };
}

interface Traits {
  readonly hasDecorators: boolean;
  /** The members of a class for which class-transformer has nothing to do but to copy what is no object. */
  readonly flatMembers: readonly string[] | undefined;
}

const known = new WeakMap<DataClass<object>, Traits>();

function traitsOf(type: DataClass<object>): Traits {
  let traits = known.get(type);
  if (traits === undefined) {
    const decorated = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
    const members = [...new Set(decorated.map(({ propertyName }) => propertyName))];
    const hasDecorators = members.length > 0;
    const isFlat = hasDecorators && members.every((member) => isCopied(type, member));
    traits = { hasDecorators, flatMembers: isFlat ? members : undefined };
    known.set(type, traits);
  }
  return traits;
}

/** Whether class-transformer has not been told anything about the member. */
function isCopied(type: DataClass<object>, member: string): boolean {
  const { PLAIN_TO_CLASS } = TransformationType;
  return (
    !(member in type.prototype) &&
    defaultMetadataStorage.getExposedMetadatas(type).length === 0 &&
    defaultMetadataStorage.getExcludedMetadatas(type).length === 0 &&
    defaultMetadataStorage.findTypeMetadata(type, member) === undefined &&
    defaultMetadataStorage.findTransformMetadatas(type, member, PLAIN_TO_CLASS).length === 0
  );
}

/**
 * What `plainToInstance` would make, in a fraction of its time; it takes half of a validation's. Members without a
 * decorator are left out now instead of by the validation.
 *
 * @returns nothing when a member holds an object, whose class only class-transformer knows
 */
function flatInstance<T extends object>(
  type: DataClass<T>,
  data: object,
  members: readonly string[],
): T | undefined {
  const instance = new type();
  for (const member of members) {
    const value: unknown = Object.hasOwn(data, member) ? Reflect.get(data, member) : undefined;
    if (typeof value === 'object' && value !== null) return undefined;
    if (value !== undefined) Reflect.set(instance, member, value);
  }
  return instance;
}

function sentences(error: ValidationError, path: string): string[] {
  const place = path === '' ? error.property : `${path}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((text) => (path === '' ? text : `${path}.${text}`));
  return [...own, ...(error.children ?? []).flatMap((child) => sentences(child, place))];
}
