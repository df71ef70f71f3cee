import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Row } from '../measure/row.js';
import { round } from '../percentiles.js';
import type { PlannedRow } from './alternating-rows.js';

/** Programs of `bench/peers`, each of which measures one peer. */
export const PEERS = ['restate-service', 'restate-inprocess', 'dbos-inprocess', 'dbos-queue'] as const;
export type Peer = (typeof PEERS)[number];

/** A row as the peers' programs write it: processor time in seconds, for all sagas. */
interface PeerRow extends Row {
  readonly cpu: Readonly<Record<string, number>>;
}

/** Runs one of the peers' programs to its end. Its progress goes to standard error. */
export async function runPeer(peer: Peer, plan: readonly PlannedRow[], databaseUrl: string): Promise<Row[]> {
  const rows = plan.map(({ variant, inFlight, count }) => `${variant}:${inFlight}:${count}`).join(',');
  const child = spawn(process.execPath, ['--import', 'tsx', `${peer}.ts`, '--rows', rows], {
    cwd: join('bench', 'peers'),
    env: { ...process.env, DATABASE_URL: databaseUrl, TSX_DISABLE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [measured, code] = await Promise.all([readRows(child), exitCodeOf(child)]);
  if (code !== 0) throw new Error(`${peer} ended with code ${code}; what it said is above`);
  return measured;
}

async function readRows(child: ChildProcess): Promise<Row[]> {
  const rows: Row[] = [];
  if (child.stdout === null) return rows;
  for await (const line of createInterface({ input: child.stdout })) {
    const { cpu, ...row } = JSON.parse(line) as PeerRow;
    const cpuPerSaga = Object.fromEntries(
      Object.entries(cpu).map(([name, seconds]) => [name, round((seconds * 1_000) / row.sagas, 3)]),
    );
    process.stderr.write(
      `  ${row.system}, ${row.variant}, ${row.inFlight} in flight: ${row.sagasPerSecond} sagas/s\n`,
    );
    rows.push({ ...row, cpuPerSaga });
  }
  return rows;
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
