import { setTimeout as sleep } from 'node:timers/promises';
import { type HistoryEntry, isEnded, type SagaStatus, timelineText } from '@skald/core';

/** What the REST interface says of a saga, as far as the demo reads it. */
export interface SagaReport {
  readonly status: SagaStatus;
  readonly history: readonly (Omit<HistoryEntry, 'at'> & { readonly at: string })[];
}

/** Reads a saga; nothing while the orchestrator is away or has not heard of it. */
export async function readSaga(url: string): Promise<SagaReport | undefined> {
  try {
    const response = await fetch(url);
    return response.ok ? ((await response.json()) as SagaReport) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Prints a saga's timeline as it happens, until it has ended or `until` says enough.
 *
 * @param url asked anew each time, since a restarted orchestrator listens elsewhere
 * @returns what was read last
 */
export async function follow(
  url: () => string,
  printed: Set<number>,
  until: (report: SagaReport) => boolean = () => false,
  timeoutMs = 60_000,
): Promise<SagaReport> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const report = await readSaga(url());
    if (report !== undefined) {
      for (const entry of report.history) {
        if (printed.has(entry.sequence)) continue;
        printed.add(entry.sequence);
        console.log(`  ${entry.at.slice(11, 23)}  ${timelineText({ ...entry, at: Date.parse(entry.at) })}`);
      }
      if (isEnded(report.status) || report.status === 'suspended' || until(report)) return report;
    }
    await sleep(50);
  }
  throw new Error(`the saga at ${url()} has not ended within ${timeoutMs / 1_000} s`);
}
