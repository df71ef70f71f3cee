/** What survives JSON.stringify and JSON.parse unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/**
 * Maps a type to itself where it is JSON data, and to `never` where it is not. A `Date`, a `Map` or a method
 * would type-check in a saga and come back from the database as something else.
 */
export type JsonShape<T> = T extends null | undefined | boolean | number | string
  ? T
  : T extends bigint | symbol | Date | Map<unknown, unknown> | Set<unknown> | ((...args: never[]) => unknown)
    ? never
    : T extends object
      ? { [K in keyof T]: JsonShape<T[K]> }
      : never;

/** `unknown` for a class of JSON data, else a message that the compiler shows. */
export type MustBeJson<T> = [T] extends [JsonShape<T>]
  ? unknown
  : 'only JSON data can be stored and sent: no Date, Map, Set, bigint or methods';

/** A class that describes JSON data, with class-validator decorators where its fields need checking. */
export type DataClass<T extends object> = new () => T;

/** JSON with keys in one order and `undefined` left out: two equal values give the same text. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  // Loops, because a participant does this for every command.
  let text = '{';
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(members).toSorted()) {
    const member = members[name];
    if (member === undefined) continue;
    if (text.length > 1) text += ',';
    text += nameText(name) + canonicalJson(member);
  }
  return `${text}}`;
}

/** The data of a system has few names. */
const MOST_NAMES = 1_000;
const nameTexts = new Map<string, string>();

function nameText(name: string): string {
  let text = nameTexts.get(name);
  if (text === undefined) {
    text = `${JSON.stringify(name)}:`;
    if (nameTexts.size < MOST_NAMES && name.length < 100) nameTexts.set(name, text);
  }
  return text;
}

const utf8 = new TextEncoder();

/** How much a value is as JSON, in bytes of UTF-8. */
export function jsonBytes(value: unknown): number {
  return utf8.encode(JSON.stringify(value) ?? '').length;
}

const texts = new WeakMap<object, string>();

/**
 * Whether two values have the same canonical JSON. The text of each object is made once and remembered for as long as the
 * object is there, so that many small values are compared with one large value in the time of their own length. What has been
 * compared must not be changed any more.
 */
export function isSameJson(one: unknown, other: unknown): boolean {
  return one === other || rememberedText(one) === rememberedText(other);
}

function rememberedText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return canonicalJson(value);
  let text = texts.get(value);
  if (text === undefined) texts.set(value, (text = canonicalJson(value)));
  return text;
}

const FNV_OFFSET_BASIS = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/**
 * FNV-1a, 64 bits, over UTF-16 code units, as 16 hexadecimal digits. It tells two structures apart; it is no
 * protection against someone who wants them to collide.
 *
 * @see Fowler, Noll, Vo: RFC 9923
 */
export function hash64(text: string): string {
  let hash = FNV_OFFSET_BASIS;
  for (let index = 0; index < text.length; index += 1) {
    hash ^= BigInt(text.charCodeAt(index));
    hash = BigInt.asUintN(64, hash * FNV_PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}
