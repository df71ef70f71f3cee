import { accessSync, constants } from 'node:fs';

/** What pg knows; `require` and `verify-ca` check as much as `verify-full` does. */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/** What is wrong with the url of a database, as far as pg would not say it clearly itself; never a part of it. */
export function databaseProblems(url: string): string[] {
  if (url.startsWith('postgres') && !isReadable(url)) {
    return [
      'DATABASE_URL cannot be read: percent-encode what is special in user and password, such as / # ? @ %',
    ];
  }
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

function isReadable(url: string): boolean {
  try {
    const { username, password, pathname } = new URL(url);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
