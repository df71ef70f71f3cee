import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';

describe('the README', () => {
  it('shows code as it stands in the repository', async () => {
    const readme = await readFile('README.md', 'utf8');
    const snippets = [...readme.matchAll(/<!-- snippet: (\S+) -->\s+```ts\n([\s\S]*?)```/g)];
    expect(snippets).toHaveLength(2);
    for (const [, path = '', code = ''] of snippets) {
      expect(await readFile(path, 'utf8')).toContain(code.trimEnd());
    }
  });

  it('names files that exist', async () => {
    const readme = await readFile('README.md', 'utf8');
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(5);
    for (const path of links) {
      await expect(readFile(path).catch((error: { code: string }) => error.code)).resolves.not.toBe('ENOENT');
    }
  });
});
