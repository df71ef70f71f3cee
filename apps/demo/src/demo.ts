import 'reflect-metadata';
import { CreateBotSaga } from '@bricklayer/contracts';
import { KafkaSagaClient } from '@skald/client';
import { type Infra, startInfra } from '@skald/infra';
import { follow, type SagaReport } from './follow.js';
import { countRows, installFaults, type Scenario, scenarios } from './scenarios.js';
import { startSystem } from './start-system.js';
import type { System } from './system.js';

interface Verdict {
  readonly saga: string;
  readonly status: string;
  readonly 'store job, attempts': number;
  readonly 'bots / tokens / jobs / schedules': string;
  readonly verdict: string;
}

/** Runs the four sagas and gives one line of the closing table for each. */
async function runScenarios(system: System): Promise<Verdict[]> {
  const { namespace } = system;
  const transport = system.clientTransport('demo');
  const sagas = new KafkaSagaClient({ namespace, transport, name: 'demo' });
  await sagas.connect();
  const verdicts: Verdict[] = [];
  for (const scenario of scenarios()) {
    console.log(`\n${scenario.title}  (${scenario.id})`);
    verdicts.push(await runScenario(system, sagas, scenario));
  }
  await sagas.close();
  await transport.close();
  return verdicts;
}

async function runScenario(system: System, sagas: KafkaSagaClient, scenario: Scenario): Promise<Verdict> {
  const handle = await sagas.start(CreateBotSaga, { id: scenario.id, input: scenario.input });
  const url = (): string => `${system.restUrl()}/api/v1/namespaces/${system.namespace}/sagas/${scenario.id}`;
  const printed = new Set<number>();
  if (scenario.isKilled) {
    await follow(url, printed, (report) => sends(report, 'store job') > 0);
    console.log('  ………………………  SIGKILL to the orchestrator, while the second step is on its way');
    await system.crashOrchestrator();
    console.log('  ………………………  the orchestrator is up again');
  }
  const report = await follow(url, printed);
  // The same end must reach the caller, over Kafka.
  const outcome = await handle.result({ timeout: '30s' });
  const rows = await countRows(system, scenario);
  const attempts = sends(report, 'store job');
  const isRight =
    report.status === scenario.status &&
    outcome.status === scenario.status &&
    attempts === scenario.storeAttempts &&
    JSON.stringify(rows) === JSON.stringify(scenario.rows);
  return {
    saga: scenario.id,
    status: report.status,
    'store job, attempts': attempts,
    'bots / tokens / jobs / schedules': `${rows.bots} / ${rows.tokens} / ${rows.jobs} / ${rows.schedules}`,
    verdict: isRight ? 'as expected' : `WRONG, expected ${scenario.status} ${JSON.stringify(scenario.rows)}`,
  };
}

function sends(report: SagaReport, step: string): number {
  return report.history
    .flatMap(({ effects }) => effects)
    .filter((effect) => effect.kind === 'send' && effect.direction === 'do' && effect.step === step).length;
}

/** @returns the exit code */
async function demo(infra: Infra): Promise<number> {
  console.log('starting the orchestrator and three services, each with its own database…');
  const system = await startSystem(infra);
  try {
    await installFaults(system);
    const verdicts = await runScenarios(system);
    console.log();
    console.table(verdicts);
    const wrong = verdicts.filter(({ verdict }) => verdict !== 'as expected').length;
    console.log(
      wrong === 0 ? 'All four sagas ended as they should.' : `${wrong} sagas did not end as they should.`,
    );
    return wrong === 0 ? 0 : 1;
  } finally {
    await system.stop();
  }
}

const infra = await startInfra();
try {
  process.exitCode = await demo(infra);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await infra.stop();
}
