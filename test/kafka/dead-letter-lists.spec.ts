import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { topics } from '@skald/core';
import { deadLetterHeaders, settlingHeaders } from '@skald/ports';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { kafkaHarness } from '../contracts/kafka-harness.js';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';

const COUNT = 20_000;
const AT_ONCE = 100;

interface Listed {
  readonly firstMs: number;
  readonly againMs: number;
  readonly grownMb: number;
  readonly keys: readonly string[];
  readonly total: number;
  readonly listed: number;
}

describe('20,000 dead letters', () => {
  it('are listed a page at a time, soon, and with little memory', async () => {
    const harness = await kafkaHarness();
    const { transport } = harness.start();
    const namespace = uniqueName('letters');
    const topic = topics.commands(namespace, 'payment');
    const deadLetters = topics.deadLetters(topic);
    await transport.ensureTopics([topic]);
    const value = 'x'.repeat(8_000);
    for (let n = 0; n < COUNT; n += AT_ONCE) {
      const records = Array.from({ length: AT_ONCE }, (_, index) => {
        const offset = n + index;
        const time = new Date(1_700_000_000_000 + offset).toISOString();
        const why = { code: 'unknown_type', reason: 'nobody knows it' };
        return {
          key: `k-${offset}`,
          value,
          headers: deadLetterHeaders({ topic, partition: 0, offset }, why, time),
        };
      });
      await harness.produceRaw(deadLetters, records);
    }
    const settled = { topic, partition: 0, offset: String(COUNT - 1) };
    await harness.produceRaw(deadLetters, [{ headers: settlingHeaders(settled, 'dropped', '') }]);

    const lister = compiledFile('test/processes/dead-letter-lister.ts');
    const args = [lister, testKafkaBrokers().join(','), namespace];
    const { stdout } = await promisify(execFile)(process.execPath, args);

    const { keys, ...measured }: Listed = JSON.parse(stdout);
    expect(keys).toEqual(Array.from({ length: 100 }, (_, n) => `k-${COUNT - 2 - n}`));
    expect(measured).toMatchObject({ total: COUNT - 1, listed: 100 });
    expect(measured.firstMs).toBeLessThan(3_000);
    expect(measured.againMs).toBeLessThan(1_000);
    expect(measured.grownMb).toBeLessThan(100);

    // The oldest is found where it lies, and settled.
    const oldest = { topic, partition: 0, offset: '0' };
    expect(await transport.deadLetters.find(oldest)).toMatchObject({ key: 'k-0', value });
    expect(await transport.deadLetters.drop(oldest)).toBe(true);
    expect(await transport.deadLetters.find(oldest)).toBeUndefined();
    await transport.close();
    await harness.close();
  });
});
