import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBotSaga } from '@bricklayer/contracts';
import { newBot, type TestSystem } from '../setup/bricklayer.js';

/** Resolves when Kafka has stored all requests. */
export async function startSagas({ sagas }: TestSystem, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, () => {
      const { id, input } = newBot();
      return sagas.start(CreateBotSaga, { id, input });
    }),
  );
}

/** How many sagas there are in each status. */
export async function statuses(system: TestSystem): Promise<Record<string, number>> {
  const rows = await system.query<{ status: string; count: number }>(
    'orchestrator',
    'SELECT status, count(*)::int AS count FROM skald_instance GROUP BY status',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

/** Resolves when so many sagas have ended in whatever way; the test's own timeout bounds it. */
export async function untilEnded(system: TestSystem, count: number): Promise<void> {
  for (;;) {
    const { completed = 0, compensated = 0, suspended = 0, terminated = 0 } = await statuses(system);
    if (completed + compensated + suspended + terminated >= count) return;
    await sleep(100);
  }
}

/** The effects of so many sagas that each took effect once. */
export function onceEach(count: number): Awaited<ReturnType<TestSystem['effects']>> {
  return { bots: count, tokens: count, jobs: count, schedules: count };
}

/** How many entries the histories hold that tell of anything but a start, three answers, and the end. */
export async function repeatedAttempts(system: TestSystem): Promise<number> {
  const [row] = await system.query<{ count: number }>(
    'orchestrator',
    'SELECT count(*)::int AS count FROM skald_history WHERE sequence > 4',
  );
  return row?.count ?? -1;
}
