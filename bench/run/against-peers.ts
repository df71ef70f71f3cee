import type { Meters, Row } from '../measure/row.js';
import type { PeersOptions } from '../options/peers.js';
import { writeResults } from '../report/results.js';
import { ratiosTable, rowsTable } from '../report/table.js';
import { BenchSystem } from '../system.js';
import { closedRow, warmUp } from './closed-row.js';
import { type PlannedRow, plannedRows } from './alternating-rows.js';
import { runPeer } from './peer-process.js';

/** Skald and its peers, one after the other on the same machine, each alone while it is measured. */
export async function againstPeers(meters: Meters, options: PeersOptions): Promise<void> {
  const { infra } = meters;
  const plan = plannedRows(options);
  const rows: Row[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    rows.push(...(await skaldRows(meters, options, plan, round)));
    for (const peer of options.peers) rows.push(...(await runPeer(peer, plan, infra.postgres?.url ?? '')));
  }
  process.stdout.write(`${rowsTable(rows)}\n\n${ratiosTable(rows, 'Skald')}\n`);
  await writeResults('peers', infra, { options, rows });
}

async function skaldRows(
  meters: Meters,
  options: PeersOptions,
  plan: readonly PlannedRow[],
  round: number,
): Promise<Row[]> {
  const system = await BenchSystem.skald(meters.infra, {
    namespace: `bench-${round}`,
    orchestrators: 1,
    partitions: options.partitions,
    paddingBytes: 0,
  });
  try {
    await warmUp(system, options.variants);
    const rows: Row[] = [];
    for (const planned of plan) rows.push(await closedRow(meters, system, planned));
    return rows;
  } finally {
    await system.stop();
  }
}
