import { hash64 } from '@skald/core';
import type { InstanceKey } from './ports.js';

/** It is indexed, and a page of an index holds only so much. */
const LONGEST = 200;

/** What a start is known again by, once its saga is removed: the id of its message, or a hash of a long one. */
export function startIdOf(messageId: string): string {
  return messageId.length <= LONGEST ? messageId : hash64(messageId);
}

/** A message that has begun a saga, which is removed since. */
export interface PastStart {
  readonly key: InstanceKey;
  readonly startId: string;
}

/** One string for it. No saga id holds a line break. */
export function pastStartText({ key, startId }: PastStart): string {
  return `${key.namespace}/${key.id}\n${startId}`;
}
