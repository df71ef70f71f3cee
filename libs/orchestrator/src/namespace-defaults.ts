import { type NamespaceDefaults, readDuration, readRetry } from '@skald/core';
import type { NamespaceOptions } from './saga-module-options.js';

/** @throws DefinitionError naming namespace and option */
export function namespaceDefaults(
  namespace: string,
  { retry, timeout }: NamespaceOptions = {},
): NamespaceDefaults {
  const subject = `namespace '${namespace}'`;
  return {
    ...(retry && { retry: readRetry(subject, retry) }),
    ...(timeout !== undefined && { timeoutMs: readDuration(subject, 'timeout', timeout) }),
  };
}

/** @throws DefinitionError naming namespace and option */
export function retentionMs(namespace: string, { retention }: NamespaceOptions = {}): number | undefined {
  return retention === undefined
    ? undefined
    : readDuration(`namespace '${namespace}'`, 'retention', retention);
}
