import type { CreateBotInput } from '@bricklayer/contracts';
import { query, type System } from './system.js';

/** What the demo expects of a saga at its end. */
export interface Scenario {
  readonly title: string;
  readonly id: string;
  readonly input: CreateBotInput;
  readonly status: 'completed' | 'compensated';
  /** The rows that each service's database must hold for this saga's bot. */
  readonly rows: {
    readonly bots: number;
    readonly tokens: number;
    readonly jobs: number;
    readonly schedules: number;
  };
  /** Attempts that the step 'store job' must have needed. */
  readonly storeAttempts: number;
  /** Kills the orchestrator while the second step is on its way. */
  readonly isKilled: boolean;
}

const FAILS_TWICE = 'Water the plants';
const TAKES_LONG = 'Rotate the on-call';

export function scenarios(): Scenario[] {
  const ended = { bots: 1, tokens: 1, jobs: 1, schedules: 1 };
  const undone = { bots: 0, tokens: 0, jobs: 0, schedules: 0 };
  const usual = { status: 'completed', rows: ended, storeAttempts: 1, isKilled: false } as const;
  return [
    {
      ...usual,
      title: 'A stand-up bot: every step succeeds',
      id: 'demo-1-completes',
      input: input('standup', 'Daily stand-up', '30 9 * * 1-5'),
    },
    {
      ...usual,
      title: 'A bot for the 30th of February: the engine says no, everything is undone',
      id: 'demo-2-rejected',
      input: input('leap', 'Never happens', '0 0 30 2 *'),
      status: 'compensated',
      rows: undone,
    },
    {
      ...usual,
      title: 'A gardening bot: the storage service fails twice, then works',
      id: 'demo-3-retried',
      input: input('gardener', FAILS_TWICE, '0 8 * * *'),
      storeAttempts: 3,
    },
    {
      ...usual,
      title: 'An on-call bot: the orchestrator is killed between two steps and started again',
      id: 'demo-4-killed',
      input: input('oncall', TAKES_LONG, '0 10 * * 1'),
      isKilled: true,
    },
  ];
}

function input(botName: string, title: string, cron: string): CreateBotInput {
  return { ownerId: 'ada', botName, job: { channel: 'town-square', title, text: `${title}!`, cron } };
}

/**
 * Makes the storage service's database misbehave for two of the jobs. The service knows nothing of it: what it meets is
 * an INSERT that fails, and one that takes long.
 */
export async function installFaults(system: System): Promise<void> {
  await query(
    system.databaseUrl('storage'),
    `CREATE SEQUENCE demo_failures;
     CREATE FUNCTION demo_fault() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       -- A sequence does not roll back, so it counts the attempts that failed.
       IF NEW.title = '${FAILS_TWICE}' AND nextval('demo_failures') <= 2 THEN
         RAISE EXCEPTION 'the disk is full (made up by the demo)';
       END IF;
       IF NEW.title = '${TAKES_LONG}' THEN PERFORM pg_sleep(1.5); END IF;
       RETURN NEW;
     END $$;
     CREATE TRIGGER demo_fault BEFORE INSERT ON job FOR EACH ROW EXECUTE FUNCTION demo_fault()`,
  );
}

/** Counts what each service's own database holds of a scenario's bot. */
export async function countRows(
  system: System,
  { input: { botName, job } }: Scenario,
): Promise<Scenario['rows']> {
  const count = async (
    service: 'constructor' | 'storage' | 'engine',
    sql: string,
    value: string,
  ): Promise<number> => {
    const [row] = await query<{ count: number }>(system.databaseUrl(service), sql, [value]);
    return row?.count ?? 0;
  };
  return {
    bots: await count('constructor', 'SELECT count(*)::int FROM bot WHERE name = $1', botName),
    tokens: await count(
      'storage',
      // A token whose job is gone was forgotten by a compensation, so it counts against every scenario.
      'SELECT count(*)::int FROM bot_token LEFT JOIN job USING (bot_id) WHERE title = $1 OR title IS NULL',
      job.title,
    ),
    jobs: await count('storage', 'SELECT count(*)::int FROM job WHERE title = $1', job.title),
    schedules: await count('engine', 'SELECT count(*)::int FROM schedule WHERE cron = $1', job.cron),
  };
}
