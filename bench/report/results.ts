import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';
import type { Infra } from '@skald/infra';

/** Writes what was measured, and on what, as `bench/results/<name>.json`. */
export async function writeResults(name: string, infra: Infra, results: object): Promise<void> {
  const folder = resolve('bench/results');
  await mkdir(folder, { recursive: true });
  const file = resolve(folder, `${name}.json`);
  await writeFile(file, `${JSON.stringify({ ...machineOf(infra), ...results }, null, 2)}\n`);
  process.stderr.write(`written to bench/results/${name}.json\n`);
}

function machineOf(infra: Infra): object {
  const [first] = cpus();
  return {
    at: new Date().toISOString(),
    machine: {
      processor: first?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      kafka: infra.kafka?.description,
      postgres: infra.postgres?.description,
    },
  };
}
