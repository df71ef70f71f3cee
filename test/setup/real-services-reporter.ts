import { readFileSync } from 'node:fs';
import type { AggregatedResult, Reporter, TestResult } from '@jest/reporters';

/** A file uses a real service when it asks for its address; what only memory runs on does not count. */
const POSTGRES =
  /\b(freshDatabase|testDatabaseUrl|startSystem|startTestOrchestrator|startInfra|engines|describeSagaClient)\(|infra-parent/;
const KAFKA =
  /\b(testKafkaBrokers|startSystem|startTestOrchestrator|startInfra|describeSagaClient)\(|kafka-harness|infra-parent/;

/** Closes the run by saying how many tests ran on real Kafka and real PostgreSQL, and on which. */
export default class RealServicesReporter implements Pick<Reporter, 'onTestResult' | 'onRunComplete'> {
  private onPostgres = 0;
  private onKafka = 0;

  onTestResult(_test: unknown, { testFilePath, numPassingTests, numFailingTests }: TestResult): void {
    const source = readFileSync(testFilePath, 'utf8');
    const ran = numPassingTests + numFailingTests;
    if (POSTGRES.test(source)) this.onPostgres += ran;
    if (KAFKA.test(source)) this.onKafka += ran;
  }

  onRunComplete(_contexts: unknown, results: AggregatedResult): void {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } =
      results;
    const postgres = process.env['SKALD_TEST_POSTGRES'] ?? 'not started';
    const kafka = process.env['SKALD_TEST_KAFKA'] ?? 'not started';
    console.log(
      [
        '',
        `On real PostgreSQL (${postgres}): ${this.onPostgres} tests`,
        `On real Kafka (${kafka}): ${this.onKafka} tests`,
        // A suite that could not run counts as one failure.
        `Total: ${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed, ${numPendingTests + numTodoTests} skipped`,
      ].join('\n'),
    );
  }
}
