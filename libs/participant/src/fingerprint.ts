import { hash } from 'node:crypto';
import { canonicalJson, type Message } from '@skald/core';

/** How many characters of a fingerprint tell the saga, and how many more the type. The rest is over everything. */
const OF_SAGA = 7;
const OF_TYPE = 7;
const OF_CONTENT = 32;

const types = new Map<string, string>();

/**
 * What makes a command this one and no other that came with its id: its saga, its type, what it undoes and its payload. The
 * last part is 128 bits of SHA-256 over all of it; the two before say what differs.
 */
export function fingerprintOf({ type, sagaid, compensates = '', data }: Message): string {
  const content = hash('sha256', `${type}\n${sagaid}\n${compensates}\n${canonicalJson(data)}`, 'hex');
  return `${short(sagaid)}${ofType(type)}${content.slice(0, OF_CONTENT)}`;
}

/** Whether two fingerprints are of commands of one saga. */
export function isOfOneSaga(one: string, other: string): boolean {
  return one.slice(0, OF_SAGA) === other.slice(0, OF_SAGA);
}

/** Whether two fingerprints are of commands of one saga and one type. */
export function isOfOneKind(one: string, other: string): boolean {
  return one.slice(0, OF_SAGA + OF_TYPE) === other.slice(0, OF_SAGA + OF_TYPE);
}

/** A participant serves few types; what somebody else sends does not get here. */
function ofType(type: string): string {
  let known = types.get(type);
  if (known === undefined) types.set(type, (known = short(type)));
  return known;
}

/** FNV-1a, 32 bits: enough to say what differs, never relied on to say that nothing does. */
function short(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return (value >>> 0).toString(36).padStart(OF_SAGA, '0');
}
