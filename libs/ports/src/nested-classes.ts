import type { DataClass } from '@skald/core';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import { classMetadata } from './class-metadata.js';
import { validatedBelow } from './instance.js';

/** A member whose value is an object, or a list of objects, of a class. */
export interface NestedClass {
  readonly member: string;
  readonly type: DataClass<object>;
  /** Whether what is in it is checked against its class. */
  readonly isChecked: boolean;
}

/** The members of a class that are of a class themselves, as far as that can be seen; those are left out that are `@Allow()`. */
export function nestedClasses(type: DataClass<object>): NestedClass[] {
  const metadatas = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const allowed = new Set(
    metadatas.flatMap((one) => (one.type === ValidationTypes.WHITELIST ? one.propertyName : [])),
  );
  const checked = validatedBelow(type);
  const nested: NestedClass[] = [];
  for (const member of new Set(metadatas.map(({ propertyName }) => propertyName))) {
    const found = transformedTo(type, member) ?? declaredAs(type, member);
    const isChecked = checked.has(member);
    if (found !== undefined && (isChecked || !allowed.has(member))) {
      nested.push({ member, type: found, isChecked });
    }
  }
  return nested;
}

/** What `@Type` says. */
function transformedTo(type: DataClass<object>, member: string): DataClass<object> | undefined {
  const typeFunction = classMetadata.findTypeMetadata(type, member)?.typeFunction;
  try {
    return classOf(typeFunction?.({ newObject: {}, object: {}, property: member }));
  } catch {
    // It wants to see the data.
    return undefined;
  }
}

/** What the compiler has noted; of a list it knows no more than that it is one. */
function declaredAs(type: DataClass<object>, member: string): DataClass<object> | undefined {
  const getMetadata: unknown = Reflect.get(Reflect, 'getMetadata');
  if (typeof getMetadata !== 'function') return undefined;
  return classOf(Reflect.apply(getMetadata, Reflect, ['design:type', type.prototype, member]));
}

function classOf(found: unknown): DataClass<object> | undefined {
  return isClass(found) && !OWN.has(found) ? found : undefined;
}

function isClass(found: unknown): found is DataClass<object> {
  return typeof found === 'function';
}

/** JavaScript's own, which have no members that could be declared. */
const OWN = new Set<unknown>([
  Object,
  String,
  Number,
  Boolean,
  Symbol,
  BigInt,
  Date,
  Array,
  Map,
  Set,
  Promise,
  Function,
  RegExp,
  ArrayBuffer,
  Uint8Array,
  globalThis.Buffer,
]);
