import { type DataClass, isRecord, type JsonObject, shortened } from '@skald/core';
import { validateSync, type ValidationError } from 'class-validator';
import { classMetadata } from './class-metadata.js';
import { classOf, decoratedMembers, instanceOf, isCopied } from './instance.js';

export type Validated<T extends object> =
  | {
      /** An instance of the class: defaults are set, transformations done. */
      readonly value: T;
      /** The JSON as it came, with nothing but the members that the class declares, at any depth. This may be stored and sent on. */
      readonly data: JsonObject;
    }
  | { readonly problems: readonly string[] };

/** So many problems are told, and so much of each. */
const MOST_PROBLEMS = 20;
const LONGEST_PROBLEM = 200;

/**
 * Checks JSON data against the class-validator decorators of its class. Members that the class does not declare are left
 * out, so that a newer sender can add some, and nobody can slip one in. A class without any decorator is unchecked: it
 * accepts any object, as it is, with members that nobody declared; see `isUnchecked`.
 *
 * @returns the data, or sentences that name the fields and never their values: at most 20, of at most 200 characters
 */
export function validateData<T extends object>(type: DataClass<T>, data: unknown): Validated<T> {
  if (!isRecord(data)) return { problems: ['the data must be a JSON object'] };
  const { members, flatMembers } = traitsOf(type);
  if (members.length === 0) return { value: instanceOf(type, data), data: data as JsonObject };
  const flat = flatMembers && flatInstance(type, data, flatMembers);
  const instance = flat?.value ?? instanceOf(type, data);
  const errors = validateSync(instance, {
    whitelist: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  });
  return errors.length === 0
    ? { value: instance, data: flat?.data ?? restrictedObject(data, instance, undefined) }
    : { problems: firstProblems(errors.flatMap((error) => sentences(error, ''))) };
}

/** Whether a class has no class-validator decorator at all, so that its data is taken as it comes. Engine and participant warn of it at boot. */
export function isUnchecked(type: DataClass<object>): boolean {
  return traitsOf(type).members.length === 0;
}

interface Traits {
  /** All that have a class-validator decorator. */
  readonly members: readonly string[];
  /** The members of a class for which class-transformer has nothing to do but to copy what is no object. */
  readonly flatMembers: readonly string[] | undefined;
}

const known = new WeakMap<DataClass<object>, Traits>();

function traitsOf(type: DataClass<object>): Traits {
  let traits = known.get(type);
  if (traits === undefined) {
    const members = decoratedMembers(type);
    const isFlat = members.every((member) => isCopied(type, member));
    traits = { members, flatMembers: isFlat ? members : undefined };
    known.set(type, traits);
  }
  return traits;
}

/**
 * What `instanceOf` would make, in a fraction of its time; it takes half of a validation's. Members without a
 * decorator are left out now instead of by the validation.
 *
 * @returns nothing when a member holds an object, which takes its class to copy
 */
function flatInstance<T extends object>(
  type: DataClass<T>,
  data: object,
  members: readonly string[],
): { readonly value: T; readonly data: JsonObject } | undefined {
  const instance = new type();
  const kept: Record<string, unknown> = {};
  // Plain assignments: a participant does this twice for every command.
  const raw = data as Readonly<Record<string, unknown>>;
  const made = instance as Record<string, unknown>;
  for (const member of members) {
    const value = Object.hasOwn(data, member) ? raw[member] : undefined;
    if (typeof value === 'object' && value !== null) return undefined;
    if (value === undefined) continue;
    made[member] = value;
    kept[member] = value;
  }
  return { value: instance, data: kept as JsonObject };
}

/** What of JSON data its class declares; the instance that was made of it says which classes lie below. */
function restricted(raw: unknown, value: unknown, discriminator: string | undefined): unknown {
  if (Array.isArray(raw)) {
    const items: unknown = value instanceof Set ? [...value] : value;
    return Array.isArray(items) ? raw.map((item, at) => restricted(item, items[at], discriminator)) : raw;
  }
  // What a transformation made of it says nothing about its members.
  if (!isRecord(raw) || typeof value !== 'object' || value === null) return raw;
  if (!(value instanceof Map)) return restrictedObject(raw, value, discriminator);
  return Object.fromEntries(
    Object.entries(raw).map(([name, member]) => [name, restricted(member, value.get(name), discriminator)]),
  );
}

/** @param discriminator the member by which class-transformer knows the class among several, where there is one */
function restrictedObject(
  raw: Readonly<Record<string, unknown>>,
  value: object,
  discriminator: string | undefined,
): JsonObject {
  const type = classOf(value);
  if (type === undefined) return raw as JsonObject;
  const { members } = traitsOf(type);
  const isOpen = members.length === 0;
  const kept: [string, unknown][] = [];
  for (const member of isOpen ? Object.keys(raw) : members) {
    const name = isOpen ? member : (nameOutside(type, member) ?? member);
    const own: unknown = Reflect.get(value, member);
    // A declared member without a value is excluded from the class.
    if (!Object.hasOwn(raw, name) || (own === undefined && !isOpen)) continue;
    kept.push([name, restricted(raw[name], own, discriminatorOf(type, member))]);
  }
  if (discriminator !== undefined && !isOpen && Object.hasOwn(raw, discriminator)) {
    kept.push([discriminator, raw[discriminator]]);
  }
  return Object.fromEntries(kept) as JsonObject;
}

/** How `@Expose({ name })` calls the member outside. */
function nameOutside(type: DataClass<object>, member: string): string | undefined {
  const options = classMetadata.findExposeMetadata(type, member)?.options;
  return options?.toPlainOnly === true ? undefined : options?.name;
}

function discriminatorOf(type: DataClass<object>, member: string): string | undefined {
  return classMetadata.findTypeMetadata(type, member)?.options?.discriminator?.property;
}

/** The first 20 of some problems, of at most 200 characters each, and how many more there are. */
export function firstProblems(problems: readonly string[]): string[] {
  const told = problems.slice(0, MOST_PROBLEMS).map((problem) => shortened(problem, LONGEST_PROBLEM));
  return problems.length > MOST_PROBLEMS ? [...told, `and ${problems.length - MOST_PROBLEMS} more`] : told;
}

/** The members of a class that `validateData` takes, as they are called outside. */
export function declaredMembers(type: DataClass<object>): string[] {
  return traitsOf(type).members.map((member) => nameOutside(type, member) ?? member);
}

function sentences(error: ValidationError, path: string): string[] {
  const place = path === '' ? error.property : `${path}.${error.property}`;
  const own = Object.values(error.constraints ?? {}).map((text) => (path === '' ? text : `${path}.${text}`));
  return [...own, ...(error.children ?? []).flatMap((child) => sentences(child, place))];
}
