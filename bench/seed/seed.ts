import type { Infra } from '@skald/infra';
import { databasesOf } from '../system.js';
import { PARTICIPANTS } from '../work.js';
import { fillOrchestrator } from './fill-orchestrator.js';
import { fillParticipant } from './fill-participant.js';
import { completedSaga, suspendedSaga } from './past-saga.js';

/** What a namespace held before anything was started in it. */
export interface Seeded {
  readonly seconds: number;
  /** Of each database. */
  readonly bytes: Readonly<Record<string, number>>;
}

/** Fills all databases of a namespace as the last 30 days of a busy system would have. */
export async function seed(
  infra: Infra,
  namespace: string,
  { finished, suspended }: { readonly finished: number; readonly suspended: number },
): Promise<Seeded> {
  const from = performance.now();
  const databases = await databasesOf(infra, namespace);
  const kinds = [
    { prefix: 'fin-', count: finished, saga: completedSaga(namespace) },
    { prefix: 'sus-', count: suspended, saga: suspendedSaga(namespace) },
  ];
  const bytes: Record<string, number> = {
    orchestrator: await fillOrchestrator(databases['orchestrator'] ?? '', namespace, kinds),
  };
  for (const participant of PARTICIPANTS) {
    const own = kinds.map(({ saga, ...copies }) => ({
      ...copies,
      handled: saga.handled.filter((one) => one.participant === participant),
    }));
    bytes[participant] = await fillParticipant(databases[participant] ?? '', own);
  }
  return { seconds: (performance.now() - from) / 1_000, bytes };
}
