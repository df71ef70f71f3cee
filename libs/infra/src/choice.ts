import type { Origin } from './infra.js';

/** One place where a server may be found. */
export interface Source {
  readonly origin: Origin;
  /** Looks there, and starts the server where it must be started. Throws when what is there does not work. */
  find(): Promise<{ readonly found: string } | { readonly missing: string }>;
}

export type Choice =
  /** `address` is `host:port[,host:port…]` of Kafka, the url of PostgreSQL. */
  | { readonly kind: 'found'; readonly origin: Origin; readonly address: string }
  /** `reason` is that of the last source. */
  | { readonly kind: 'missing'; readonly reason: string };

/** Takes the first source that has it, and does not touch those after it. */
export async function firstFound(sources: readonly Source[]): Promise<Choice> {
  let reason = 'there is no place to look for it';
  for (const source of sources) {
    const outcome = await source.find();
    if ('found' in outcome) return { kind: 'found', origin: source.origin, address: outcome.found };
    reason = outcome.missing;
  }
  return { kind: 'missing', reason };
}
