import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../free-ports.js';
import { work } from '../worker.js';

/** Keeps a Restate server: ends it and deletes its data when the benchmark ends. */

export interface RestateServerSettings {
  readonly partitions: number;
}

export interface RestateServer {
  readonly ingressUrl: string;
  readonly adminUrl: string;
  readonly pid: number;
}

const READY_TIMEOUT_MS = 60_000;

let folder: string | undefined;
let server: ChildProcess | undefined;

work(start, clear);

async function start({ partitions }: RestateServerSettings): Promise<RestateServer> {
  const [nodePort, ingressPort, adminPort] = await freePorts(3);
  folder = mkdtempSync(join(tmpdir(), 'skald-bench-peers-'));
  const child = spawn(serverBinary(), ['--no-logo', '--base-dir', folder], {
    cwd: folder,
    env: {
      ...withoutRestateSettings(process.env),
      RESTATE_DEFAULT_NUM_PARTITIONS: `${partitions}`,
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_ADDRESS: `127.0.0.1:${nodePort}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingressPort}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${adminPort}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
      // octocrab asks GitHub for news of Restate, and complains without a network.
      RESTATE_LOG_FILTER: 'warn,octocrab=off',
      RESTATE_LOG_DISABLE_ANSI_CODES: 'true',
    },
    stdio: ['ignore', 2, 2],
  });
  server = child;
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The Restate server ended with ${signal ?? `code ${code}`}; its last words are above.`);
  });
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const ingressUrl = `http://127.0.0.1:${ingressPort}`;
  await Promise.race([ended, Promise.all([adminUrl, `${ingressUrl}/restate`].map(healthy))]);
  if (child.pid === undefined) throw new Error('The Restate server has no process id.');
  return { ingressUrl, adminUrl, pid: child.pid };
}

async function clear(): Promise<void> {
  if (server?.pid !== undefined && server.exitCode === null && server.signalCode === null) {
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
  }
  if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function healthy(url: string): Promise<void> {
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    if (performance.now() > giveUpAt) {
      throw new Error(`The Restate server is not ready after ${READY_TIMEOUT_MS / 1_000} s.`);
    }
    await sleep(100);
  }
}

/** The package's own launcher would be one process more, and would not end with us. */
function serverBinary(): string {
  const { platform, arch } = process;
  const launcher = createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json');
  try {
    return createRequire(launcher).resolve(
      `@restatedev/restate-server-${platform}-${arch}/bin/restate-server`,
    );
  } catch (error) {
    throw new Error(
      `There is no Restate server for ${platform}-${arch} among the installed packages: run \`npm ci\` in bench/peers.`,
      { cause: error },
    );
  }
}

function withoutRestateSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('RESTATE_')));
}
