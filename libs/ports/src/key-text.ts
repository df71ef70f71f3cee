import type { InstanceKey } from './ports.js';

/** One string for a key, since a `Map` compares objects by identity. A namespace holds no slash. */
export function keyText(key: InstanceKey): string {
  return `${key.namespace}/${key.id}`;
}
