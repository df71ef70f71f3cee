import {
  checkOptions,
  type Duration,
  type NamespaceDefaults,
  readDuration,
  readRetry,
  readTimeout,
} from '@skald/core';
import type { EngineOptions } from '@skald/runtime';
import type { NamespaceOptions } from './saga-module-options.js';

const OPTIONS = ['retry', 'timeout', 'retention', 'traceRetention'];

/** @throws DefinitionError naming namespace and option */
export function namespaceDefaults(namespace: string, options: NamespaceOptions = {}): NamespaceDefaults {
  const subject = `namespace '${namespace}'`;
  checkOptions(subject, '', options, OPTIONS);
  const { retry, timeout } = options;
  return {
    ...(retry && { retry: readRetry(subject, retry) }),
    ...(timeout !== undefined && { timeoutMs: readTimeout(subject, 'timeout', timeout) }),
  };
}

/** @throws DefinitionError naming namespace and option */
export function retentions(
  namespace: string,
  { retention, traceRetention }: NamespaceOptions = {},
): Pick<EngineOptions, 'retentionMs' | 'traceRetentionMs'> {
  const read = (option: string, value: Duration | undefined): number | undefined =>
    value === undefined ? undefined : readDuration(`namespace '${namespace}'`, option, value);
  return {
    retentionMs: read('retention', retention),
    traceRetentionMs: read('traceRetention', traceRetention),
  };
}
