import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { compiledFile } from '../apps/demo/src/compiled-file.js';
import { testDatabaseUrl } from './setup/real-services.js';

describe('the demo without Kafka', () => {
  it('runs in one process on memory, says so in one line, and all four sagas end as they should', async () => {
    const child = spawn(process.execPath, [compiledFile('apps/demo/src/demo.ts')], {
      // No Java to be found, and no Docker to answer; PostgreSQL is the run's.
      env: {
        PATH: '/nowhere',
        DOCKER_HOST: 'unix:///nowhere',
        XDG_CACHE_HOME: tmpdir(),
        DATABASE_URL: testDatabaseUrl(),
      },
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    const [code]: unknown[] = await once(child, 'exit');
    expect(output).toContain('All four sagas ended as they should.');
    expect(output.match(/all services run in one process/g)).toHaveLength(1);
    expect(code).toBe(0);
  });
});
