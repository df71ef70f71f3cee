import { type DataClass, isRecord } from '@skald/core';
import { plainToInstance, TransformationType } from 'class-transformer';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import { classMetadata, type FoundTransform, type FoundType } from './class-metadata.js';

const { PLAIN_TO_CLASS } = TransformationType;

/**
 * What class-transformer's `plainToInstance` makes of JSON data, by the same decorators (`@Type`, `@Transform`, `@Expose`,
 * `@Exclude`), in a time that grows with its length, and without falling over the names of its members. class-transformer
 * itself looks for each name among all others, reads `constructor` and `then` of the data, and throws for some objects.
 * What a class says is read once, when its first data comes. This differs:
 *
 * - members that a class with class-validator decorators does not declare are left out at once;
 * - the data is not changed: discriminators stay in it;
 * - free data, of a member without `@Type`, is copied, whatever its members are called;
 * - an object in place of a text, a number, a truth value, a date or bytes stays what it is, so that validation refuses it.
 */
export function instanceOf<T extends object>(type: DataClass<T>, data: object): T {
  return made(type, data, undefined);
}

/** The members of a class that have a class-validator decorator. */
export function decoratedMembers(type: DataClass<object>): readonly string[] {
  return planOf(type).decorated;
}

/** Members of the class that are `@ValidateNested`: what lies below is validated. */
export function validatedBelow(type: DataClass<object>): ReadonlySet<string> {
  return planOf(type).validatedBelow;
}

/** Whether class-transformer has nothing to do for the member but to copy it when it is no object. */
export function isCopied(type: DataClass<object>, member: string): boolean {
  return (
    !(member in type.prototype) &&
    classMetadata.getExposedMetadatas(type).length === 0 &&
    classMetadata.getExcludedMetadatas(type).length === 0 &&
    classMetadata.findTypeMetadata(type, member) === undefined &&
    classMetadata.findTransformMetadatas(type, member, PLAIN_TO_CLASS).length === 0
  );
}

interface Plan {
  readonly decorated: readonly string[];
  readonly validatedBelow: ReadonlySet<string>;
  /** What is taken of the data. Of a class without class-validator decorators, all of it is. */
  readonly members: readonly Member[];
}

interface Member {
  readonly name: string;
  /** How `@Expose({ name })` calls it outside. */
  readonly outside: string;
  /** Such a member is set also when nothing came. */
  readonly isExposed: boolean;
  readonly type: FoundType | undefined;
  readonly transforms: readonly FoundTransform[];
  /** It is `@ValidateNested`, with nothing that says of which class: validation refuses every object in it. */
  readonly isUnknown: boolean;
}

const known = new WeakMap<DataClass<object>, Plan>();

function planOf(type: DataClass<object>): Plan {
  let plan = known.get(type);
  if (plan === undefined) {
    const metadatas = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
    const nested = metadatas.filter((metadata) => metadata.type === ValidationTypes.NESTED_VALIDATION);
    const validatedBelow = new Set(nested.map(({ propertyName }) => propertyName));
    const decorated = [...new Set(metadatas.map(({ propertyName }) => propertyName))];
    const members = membersOf(type, decorated, validatedBelow);
    plan = { decorated, validatedBelow, members };
    known.set(type, plan);
  }
  return plan;
}

function membersOf(
  type: DataClass<object>,
  names: Iterable<string>,
  validatedBelow: ReadonlySet<string>,
): Member[] {
  const exposed = new Set(
    classMetadata
      .getExposedProperties(type, PLAIN_TO_CLASS)
      .filter((name) => !isGrouped(classMetadata.findExposeMetadata(type, name))),
  );
  const left = new Set(classMetadata.getExcludedProperties(type, PLAIN_TO_CLASS));
  const isClosed = classMetadata.getStrategy(type) === 'excludeAll';
  const members: Member[] = [];
  for (const name of names) {
    const isExposed = exposed.has(name);
    const outside = (isExposed && classMetadata.findExposeMetadata(type, name)?.options?.name) || name;
    if (left.has(outside) || (isClosed && !isExposed) || !isSettable(type, name)) continue;
    if (!isExposed && isGrouped(classMetadata.findExposeMetadata(type, name))) continue;
    const metadata = classMetadata.findTypeMetadata(type, name);
    const transforms = classMetadata
      .findTransformMetadatas(type, name, PLAIN_TO_CLASS)
      .filter((transform) => !isGrouped(transform));
    const isUnknown = metadata === undefined && validatedBelow.has(name);
    members.push({ name, outside, isExposed, type: metadata, transforms, isUnknown });
  }
  return members;
}

function isGrouped(
  metadata: { readonly options?: { readonly groups?: string[] | undefined } } | undefined,
): boolean {
  return (metadata?.options?.groups?.length ?? 0) > 0;
}

/** A class's methods, and what every object has, stay what they are. */
function isSettable(type: DataClass<object>, name: string): boolean {
  if (name === '__proto__') return false;
  for (let owner: unknown = type.prototype; isObject(owner); owner = Object.getPrototypeOf(owner)) {
    const found = Object.getOwnPropertyDescriptor(owner, name);
    if (found !== undefined) return found.set !== undefined || ('value' in found && !isClass(found.value));
  }
  return true;
}

/** @param without the member that said of which class the data is */
function made<T extends object>(type: DataClass<T>, data: object, without: string | undefined): T {
  const { decorated, members } = planOf(type);
  const instance = new type();
  for (const member of decorated.length === 0 ? openMembers(type, data) : members) {
    const { name, outside } = member;
    const isThere = Object.hasOwn(data, outside) && outside !== without;
    if (!isThere && !member.isExposed) continue;
    let value: unknown = isThere ? Reflect.get(data, outside) : undefined;
    if (member.type !== undefined)
      value = typed(value, member.type, { newObject: instance, object: data, name });
    else if (isObject(value)) value = free(value);
    for (const { transformFn } of member.transforms) {
      value = transformFn({ value, key: name, obj: data, type: PLAIN_TO_CLASS, options: OPTIONS });
    }
    Reflect.set(instance, name, member.isUnknown ? hidden(value) : value);
  }
  return instance;
}

/** What a user's transformation is told. */
const OPTIONS = { exposeUnsetFields: true } as const;

/** Of a class without class-validator decorators. */
function openMembers(type: DataClass<object>, data: object): Member[] {
  const exposed = classMetadata.getExposedMetadatas(type);
  const names = new Set(exposed.flatMap(({ propertyName }) => propertyName ?? []));
  const outside = new Set(exposed.map(({ options }) => options?.name));
  for (const name of Object.keys(data)) if (!outside.has(name)) names.add(name);
  return membersOf(type, names, new Set<string>());
}

interface Place {
  readonly newObject: object;
  readonly object: object;
  readonly name: string;
}

function typed(value: unknown, metadata: FoundType, { newObject, object, name }: Place): unknown {
  const { typeFunction, options } = metadata;
  const reflected: unknown = metadata.reflectedType;
  const target: unknown = typeFunction ? typeFunction({ newObject, object, property: name }) : reflected;
  const discriminator = options?.discriminator;
  const one = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(one);
    if (discriminator?.subTypes === undefined || !isRecord(item)) return converted(item, target, undefined);
    const { property, subTypes } = discriminator;
    const called = Object.hasOwn(item, property) ? item[property] : undefined;
    const found = subTypes.find((subType) => subType.name === called);
    const without = options?.keepDiscriminatorProperty ? undefined : property;
    return converted(item, found?.value ?? target, without);
  };
  if (Array.isArray(value)) return reflected === Set ? new Set(value.map(one)) : value.map(one);
  if (reflected !== Map) return one(value);
  if (!isPlain(value)) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, converted(item, target, undefined)]));
}

function converted(value: unknown, target: unknown, without: string | undefined): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => converted(item, target, without));
  if (value instanceof Date) return new Date(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    if (target === String) return String(value);
    if (target === Number) return Number(value);
    if (target === Boolean) return Boolean(value);
    if (target === Date) return new Date(typeof value === 'boolean' ? Number(value) : value);
    return typeof value === 'string' && isBytes(target) ? plainToInstance(target, value) : value;
  }
  if (!isObject(value) || PRIMITIVES.has(target) || isBytes(target)) return value;
  return isClass(target) && target !== Object ? made(target, value, without) : free(value);
}

const PRIMITIVES: ReadonlySet<unknown> = new Set([String, Number, Boolean, Date]);

/** A copy, so that a handler cannot change the message, which may be handled again. */
function free(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (Array.isArray(value)) return value.map(free);
  if (!isPlain(value)) {
    // What a handler of the same process gave.
    const isOwn = value instanceof Map || value instanceof Set || ArrayBuffer.isView(value);
    return isOwn ? value : converted(value, classOf(value), undefined);
  }
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (name === '__proto__') {
      const member = { value: free(value[name]), enumerable: true, configurable: true, writable: true };
      Object.defineProperty(copy, name, member);
    } else {
      copy[name] = free(value[name]);
    }
  }
  return copy;
}

/** class-validator, which refuses them, takes what is called `constructor` in them for their class. */
function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  return isPlain(value) ? {} : value;
}

/** The class that an object is of, whatever its own members are called; none for JSON data. */
export function classOf(value: object): DataClass<object> | undefined {
  if (isPlain(value)) return undefined;
  const type: unknown = Object.getPrototypeOf(value)?.constructor;
  return isClass(type) ? type : undefined;
}

/** Whether it is an object as JSON makes it. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isClass(target: unknown): target is DataClass<object> {
  return typeof target === 'function';
}

/** By its name, as there is no such class in a browser. */
function isBytes(target: unknown): target is DataClass<object> {
  return isClass(target) && target.name === 'Buffer';
}
