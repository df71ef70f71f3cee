/** DBOS gives an error back as it was thrown, or, when it comes from the database, as one of the same name. */
export function isRejected(error: unknown): error is Error {
  return error instanceof Error && error.name === 'Rejected';
}
