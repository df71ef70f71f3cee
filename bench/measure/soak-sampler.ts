import { DataSource } from 'typeorm';
import type { Interval } from '../processes/protocol.js';
import type { BenchSystem } from '../system.js';
import { PARTICIPANTS } from '../work.js';
import { residentMemory } from './resident-memory.js';
import type { Meters } from './row.js';

/** How a running system stands, by process or by consumer group. Taken at the end of an interval. */
export interface SoakSample extends Interval {
  readonly rssBytes: Readonly<Record<string, number>>;
  /** Of the processes that run on Node. Grows between two collections, so only its lowest values tell. */
  readonly heapBytes: Readonly<Record<string, number>>;
  /** Messages that a group has not confirmed yet. */
  readonly lag: Readonly<Record<string, number>>;
  /** Turns whose messages are not known to have arrived. */
  readonly outboxRows: number;
}

/** Looks at a system and the servers from outside, now and then, while it works. */
export class SoakSampler {
  private constructor(
    private readonly meters: Meters,
    private readonly system: BenchSystem,
    private readonly orchestratorData: DataSource,
  ) {}

  static async open(meters: Meters, system: BenchSystem): Promise<SoakSampler> {
    const url = system.settings.databases['orchestrator'] ?? '';
    return new SoakSampler(
      meters,
      system,
      await new DataSource({ type: 'postgres', url, poolSize: 1 }).initialize(),
    );
  }

  async sample(interval: Interval): Promise<SoakSample> {
    const [memory, lag, outboxRows] = await Promise.all([this.memory(), this.lag(), this.outboxRows()]);
    return { ...interval, ...memory, lag, outboxRows };
  }

  async close(): Promise<void> {
    await this.orchestratorData.destroy();
  }

  private async memory(): Promise<Pick<SoakSample, 'rssBytes' | 'heapBytes'>> {
    const rssBytes: Record<string, number> = {};
    const heapBytes: Record<string, number> = {};
    for (const process of this.system.processes) {
      const sample = await process.sample();
      rssBytes[process.name] = sample.rssBytes;
      heapBytes[process.name] = sample.heapBytes;
    }
    for (const { name, pid } of this.meters.infra.processes) {
      const bytes = name === 'keeper' ? undefined : await residentMemory(pid);
      if (bytes !== undefined) rssBytes[name] = bytes;
    }
    return { rssBytes, heapBytes };
  }

  private async lag(): Promise<Record<string, number>> {
    const { namespace } = this.system.settings;
    const lags: Record<string, number> = {};
    for (const member of ['orchestrator', ...PARTICIPANTS]) {
      lags[member] = await this.meters.kafka.lag(`${namespace}.${member}`, namespace);
    }
    return lags;
  }

  private async outboxRows(): Promise<number> {
    const [{ rows }] = await this.orchestratorData.query<[{ rows: number }]>(
      'SELECT count(*)::int AS rows FROM skald_outbox',
    );
    return rows;
  }
}
