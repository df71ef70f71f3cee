import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { kafkaHarness } from '../contracts/kafka-harness.js';
import { messageOf } from '../contracts/transport-harness.js';
import { testKafkaBrokers, uniqueName } from '../setup/real-services.js';

const COUNT = 260;
const LARGE = JSON.stringify(messageOf('large', 1, { data: { text: 'é'.repeat(450_000) } }));

describe('a backlog of 234 MB', () => {
  it('is read with less memory than it has, at most 200 MB, though it is a few hundred messages only', async () => {
    const harness = await kafkaHarness();
    const { transport } = harness.start();
    const topic = uniqueName('backlog');
    await transport.ensureTopics([topic]);
    for (let n = 0; n < COUNT; n += 1) await harness.produceRaw(topic, [{ key: `k-${n % 8}`, value: LARGE }]);
    await transport.close();
    await harness.close();

    const reader = compiledFile('test/processes/backlog-reader.ts');
    const args = [reader, testKafkaBrokers().join(','), topic, String(COUNT)];
    const { stdout } = await promisify(execFile)(process.execPath, args);

    const { seen, grownMb } = JSON.parse(stdout) as { seen: number; grownMb: number };
    expect(seen).toBe(COUNT);
    expect(grownMb).toBeLessThan(200);
  }, 120_000);
});
