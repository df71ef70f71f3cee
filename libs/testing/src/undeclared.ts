import { isRecord } from '@skald/core';

/** So many are named. */
const MOST_NAMED = 10;

/** The places of what is in some data and not in what is left of it when only what its class declares is kept. */
export function undeclaredMembers(data: unknown, kept: unknown): string[] {
  const found: string[] = [];
  gather(data, kept, '', found);
  return found.length > MOST_NAMED
    ? [...found.slice(0, MOST_NAMED), `and ${found.length - MOST_NAMED} more`]
    : found;
}

function gather(data: unknown, kept: unknown, path: string, found: string[]): void {
  if (Array.isArray(data) && Array.isArray(kept)) {
    for (const [at, item] of data.entries()) gather(item, kept[at], `${path}[${at}]`, found);
  }
  if (!isRecord(data) || !isRecord(kept)) return;
  for (const [name, member] of Object.entries(data)) {
    const place = path === '' ? name : `${path}.${name}`;
    // JSON leaves it out.
    if (member === undefined) continue;
    if (Object.hasOwn(kept, name)) gather(member, kept[name], place, found);
    else found.push(`'${place}'`);
  }
}
