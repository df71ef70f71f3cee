/** What the one who runs a benchmark can mend: the message says how, and no stack is shown. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
