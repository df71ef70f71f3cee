/** This machine lacks what a local server needs. The message says what, and what to install. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}
