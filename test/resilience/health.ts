import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceProcess } from '@skald/infra';

/** What a service's health check answers; `unreachable` when nobody does. */
export async function healthOf(service: ServiceProcess, check: 'live' | 'ready'): Promise<string> {
  try {
    const response = await fetch(`${addressOf(service)}/health/${check}`);
    const body: unknown = await response.json();
    return `${response.status} ${JSON.stringify(body)}`;
  } catch {
    return 'unreachable';
  }
}

/** Resolves when the check of every service answers with this status code; the test's own timeout bounds it. */
export async function untilHealth(
  services: readonly ServiceProcess[],
  check: 'live' | 'ready',
  status: 200 | 503,
): Promise<void> {
  for (;;) {
    const answers = await Promise.all(services.map((service) => healthOf(service, check)));
    if (answers.every((answer) => answer.startsWith(String(status)))) return;
    await sleep(250);
  }
}

function addressOf({ name, lines }: ServiceProcess): string {
  for (const line of lines) {
    const url = /(?:listening|health is told) on (http\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`${name} has not said where it tells its health`);
}
