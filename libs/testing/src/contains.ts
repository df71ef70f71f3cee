/** True when `part` is in `whole`: every member of its objects is there and contains its own; all else is equal. */
export function contains(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return Object.is(whole, part);
  if (typeof whole !== 'object' || whole === null) return false;
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) &&
      whole.length === part.length &&
      part.every((item, index) => contains(whole[index], item))
    );
  }
  const members = new Map(Object.entries(whole));
  return Object.entries(part).every(([name, member]) => contains(members.get(name), member));
}

export function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
