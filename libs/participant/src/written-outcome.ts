import type { FinalOutcome } from './barrier-ledger.js';

/** An outcome that may carry its JSON, where it was written already to see how large it is. */
type WrittenOutcome = FinalOutcome & { readonly json?: string };

/** @param data the JSON text of what is answered */
export function succeededWith(data: unknown, text: string): FinalOutcome {
  const outcome: WrittenOutcome = { kind: 'succeeded', data, json: `{"kind":"succeeded","data":${text}}` };
  return outcome;
}

/** The JSON that the barrier keeps. */
export function textOf(outcome: WrittenOutcome): string {
  return outcome.json ?? JSON.stringify(outcome);
}
