import { accessSync, constants } from 'node:fs';

/** What pg knows; `require` and `verify-ca` check as much as `verify-full` does. */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/** What is wrong with the TLS options in the url of a database, as far as pg would not say it clearly itself. */
export function databaseProblems(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { searchParams } = new URL(url);
  const problems: string[] = [];
  const mode = searchParams.get('sslmode');
  if (mode !== null && !SSL_MODES.includes(mode)) {
    problems.push(`DATABASE_URL: sslmode must be one of ${SSL_MODES.join(', ')}`);
  }
  for (const option of ['sslrootcert', 'sslcert', 'sslkey']) {
    const file = searchParams.get(option);
    if (file === null) continue;
    try {
      accessSync(file, constants.R_OK);
    } catch {
      problems.push(`DATABASE_URL: the file '${file}' of ${option} cannot be read`);
    }
  }
  return problems;
}
