import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

/** A copy of the rooms' outline with one file in each, so that the real folders stay untouched. */
const ROOT = join(process.cwd(), 'dist', 'walls');

async function lint(file: string, source: string): Promise<string> {
  const path = join(ROOT, file);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${source}\nexport const something = 1;\n`);
  const oxlint = join(process.cwd(), 'node_modules', '.bin', 'oxlint');
  try {
    await run(oxlint, ['-c', '.oxlintrc.json', '-f', 'unix', file], { cwd: ROOT });
    return '';
  } catch (error) {
    // Thrown by Node itself, so it is no Error of this test's realm.
    return typeof error === 'object' && error !== null && 'stdout' in error
      ? String(error.stdout)
      : String(error);
  } finally {
    await rm(path);
  }
}

describe('the walls between the rooms, held by `npm run lint`', () => {
  beforeAll(async () => {
    await mkdir(ROOT, { recursive: true });
    const config = JSON.parse(await readFile('.oxlintrc.json', 'utf8')) as { ignorePatterns: string[] };
    config.ignorePatterns = [];
    await writeFile(join(ROOT, '.oxlintrc.json'), JSON.stringify(config));
  });
  afterAll(() => rm(ROOT, { recursive: true, force: true }));

  it.each([
    ['libs/core/src/a.ts', "import 'node:fs';"],
    ['libs/core/src/a.ts', "export { readFile } from 'fs/promises';"],
    ['libs/core/src/a.ts', "export { Injectable } from '@nestjs/common';"],
    ['libs/core/src/a.ts', "export { SagaEngine } from '@skald/runtime';"],
    ['libs/runtime/src/a.ts', "export { DataSource } from 'typeorm';"],
    ['libs/runtime/src/a.ts', "export { Kafka } from 'kafkajs';"],
    ['libs/runtime/src/a.ts', "export { PostgresStore } from '@skald/postgres';"],
    ['libs/kafka/src/a.ts', "export { transition } from '@skald/core/src/transition.js';"],
    ['libs/kafka/src/a.ts', "export { transition } from '../../core/src/transition.js';"],
    ['libs/ports/src/a.ts', "export { SagaEngine } from '@skald/runtime';"],
    ['libs/participant/src/a.ts', "export { SagaEngine } from '@skald/runtime';"],
    ['libs/kafka/src/a.ts', "export { SagaEngine } from '@skald/runtime';"],
    ['libs/postgres/src/a.ts', "export { SagaModule } from '@skald/orchestrator';"],
    ['apps/orchestrator/src/a.ts', "export { transition } from '../../../libs/core/src/transition.js';"],
  ])('%s may not say %s', async (file, source) => {
    expect(await lint(file, source)).toContain('no-restricted-imports');
  });

  it.each([
    ['libs/core/src/a.ts', 'export const now = Date.now();', 'no-restricted-properties'],
    ['libs/core/src/a.ts', 'export const dice = Math.random();', 'no-restricted-properties'],
    ['libs/runtime/src/a.ts', 'export const id = process.pid;', 'no-restricted-globals'],
  ])('%s may not say %s', async (file, source, rule) => {
    expect(await lint(file, source)).toContain(rule);
  });

  it('lets the arrows point the way they should', async () => {
    expect(await lint('libs/runtime/src/a.ts', "export { transition } from '@skald/core';")).toBe('');
    expect(await lint('libs/kafka/src/a.ts', "export { messageOf } from '@skald/ports';")).toBe('');
  });
});
