import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startInfra } from '@skald/infra';
import { Client } from 'pg';
import { testDatabaseUrl } from '../setup/real-services.js';

/** How long a run may take to vanish after its process has ended. */
const VANISHED_WITHIN_MS = 5_000;

const script = join(process.cwd(), 'dist', relative(process.cwd(), import.meta.dirname), 'infra-parent.js');

/** A process that called `startInfra`; `pids` are all that run for it: the keeper, the servers, their children. */
interface InfraParent {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly pids: Readonly<Record<'keeper' | 'postgres', number> & { kafka?: number }>;
  readonly tree: readonly number[];
  readonly ended: Promise<unknown>;
}

describe('the local servers of startInfra', () => {
  const parents: ChildProcess[] = [];

  afterEach(() => {
    for (const parent of parents.splice(0)) parent.kill('SIGKILL');
  });

  async function parent(how: string, ...flags: string[]): Promise<InfraParent> {
    const child = spawn(process.execPath, [script, how, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    parents.push(child);
    let complaints = '';
    child.stderr.on('data', (chunk) => (complaints += String(chunk)));
    const ended = once(child, 'exit');
    const [line]: unknown[] = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line'),
      ended,
    ]);
    if (typeof line !== 'string')
      throw new Error(`${script} ended before it had started infra:\n${complaints}`);
    const { url, processes }: { url: string; processes: { name: string; pid: number }[] } = JSON.parse(line);
    const pids = Object.fromEntries(processes.map(({ name, pid }) => [name, pid]));
    const { keeper, postgres, kafka } = pids;
    if (child.pid === undefined || !keeper || !postgres) throw new Error(`no local servers: ${line}`);
    return {
      child,
      pid: child.pid,
      url,
      pids: { keeper, postgres, kafka },
      tree: treeOf(Object.values(pids)),
      ended,
    };
  }

  it.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    'are gone with their data when the process that started them is ended by %s',
    async (signal) => {
      const run = await parent('stay', '--kafka');

      run.child.kill(signal);
      await run.ended;

      await vanished(run);
    },
  );

  it.each([
    ['ends without stopping them', 'forget'],
    ['throws', 'throw'],
    ['calls process.exit()', 'exit'],
  ])('are gone with their data when the process that started them %s', async (_, how) => {
    const run = await parent(how);

    await run.ended;

    await vanished(run);
  });

  it('are gone with their data when a process is killed while it starts them', async () => {
    for (const delayMs of [300, 600, 900]) {
      const child = spawn(process.execPath, [script, 'stay', '--kafka'], { stdio: 'ignore' });
      await sleep(delayMs);
      const pid = child.pid ?? 0;
      const tree = treeOf([pid]);

      child.kill('SIGKILL');

      await vanished({ pid, tree });
    }
  });

  it('are gone with their data after a pause, too', async () => {
    const run = await parent('pause');
    expect(await currentUser(run.url)).toBe('skald');

    run.child.kill('SIGKILL');
    await run.ended;

    await vanished(run);
  });

  it('do not answer while they are paused, and come back on the same port with their data', async () => {
    const { KAFKA_BROKERS: _, DATABASE_URL: __, ...env } = process.env;
    const infra = await startInfra({ kafka: false, docker: false, env, onProgress: () => undefined });
    try {
      const url = await infra.createDatabase('kept');

      await infra.pause('postgres');
      expect(infra.processes.map(({ name }) => name)).toEqual(['keeper']);
      await expect(currentUser(url)).rejects.toThrow('ECONNREFUSED');
      await infra.resume('postgres');

      expect(await currentUser(url)).toBe('skald');
    } finally {
      await infra.stop();
    }
  });

  it('are not paused when they are not ours', async () => {
    const infra = await startInfra({
      kafka: false,
      env: { DATABASE_URL: testDatabaseUrl() },
      onProgress: () => undefined,
    });

    await expect(infra.pause('postgres')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    await infra.stop();
  });

  it('are gone with their data when their keeper is killed, and the process that started them lives on', async () => {
    const run = await parent('stay');

    process.kill(run.pids.keeper, 'SIGKILL');

    await vanished(run);
    expect(run.child.exitCode).toBeNull();
  });

  it('are cleared away by the next run when their keeper was killed together with its parent', async () => {
    const run = await parent('stay');
    run.child.kill('SIGSTOP'); // so that it cannot clear up itself
    process.kill(run.pids.keeper, 'SIGKILL');
    run.child.kill('SIGKILL');
    await run.ended;
    expect(isRunning(run.pids.postgres)).toBe(true);

    const next = await parent('exit');

    await vanished(run);
    await vanished(next);
  });

  it('do not disturb those of another run beside them', async () => {
    const [one, other] = await Promise.all([parent('stay'), parent('stay')]);
    expect(await currentUser(one.url)).toBe('skald');

    one.child.kill('SIGKILL');
    await vanished(one);

    expect(await currentUser(other.url)).toBe('skald');
    expect(foldersOf(other.pid)).toHaveLength(1);
  });
});

async function vanished({ pid, tree }: Pick<InfraParent, 'pid' | 'tree'>): Promise<void> {
  const deadline = performance.now() + VANISHED_WITHIN_MS;
  const rest = () => ({ processes: tree.filter(isRunning), folders: foldersOf(pid) });
  while (performance.now() < deadline) {
    const { processes, folders } = rest();
    if (processes.length + folders.length === 0) return;
    await sleep(50);
  }
  expect(rest()).toEqual({ processes: [], folders: [] });
}

function foldersOf(pid: number): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`skald-infra-${pid}-`));
}

function processTable(): { pid: number; parent: number; state: string }[] {
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [pid, parent, state = ''] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state };
  });
}

/** These processes and all their descendants. */
function treeOf(roots: readonly number[]): number[] {
  const table = processTable();
  const tree = new Set(roots);
  for (let size = 0; size !== tree.size;) {
    size = tree.size;
    for (const { pid, parent } of table) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** A zombie has ended; it waits for whoever inherited it to take note. */
function isRunning(pid: number): boolean {
  return processTable().some((process) => process.pid === pid && !process.state.startsWith('Z'));
}

async function currentUser(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>('SELECT current_user AS name');
    return rows[0]?.name ?? '';
  } finally {
    await client.end();
  }
}
