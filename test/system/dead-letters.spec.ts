import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CreateBotSaga } from '@bricklayer/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@skald/core';
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { newBot, startSystem, type TestSystem } from '../setup/bricklayer.js';
import { testKafkaBrokers } from '../setup/real-services.js';

const run = promisify(execFile);

interface Letter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly code: string;
  readonly reason: string;
  readonly key: string;
}

describe("Bricklayer's dead letters, on real Kafka", () => {
  let system: TestSystem;
  let producer: Producer;
  let commands: string;

  beforeAll(async () => {
    system = await startSystem();
    commands = topics.commands(system.namespace, 'storage');
    producer = new Kafka({ brokers: testKafkaBrokers(), logLevel: logLevel.NOTHING }).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
  });
  afterAll(async () => {
    await producer?.disconnect();
    await system?.stop();
  });

  const url = (path = ''): string =>
    `${system.processes.restUrl()}/api/v1/namespaces/${system.namespace}/dead-letters${path}`;
  const path = ({ topic, partition, offset }: Letter): string => `/${topic}/${partition}/${offset}`;
  async function letters(query = ''): Promise<{ letters: Letter[]; total: number }> {
    const response = await fetch(url(query));
    expect(response.status).toBe(200);
    return (await response.json()) as { letters: Letter[]; total: number };
  }
  /** Sends a message that cannot be handled, and waits until it was put aside. */
  async function poison(key: string): Promise<Letter> {
    await producer.send({ topic: commands, messages: [{ key, value: `secret of ${key}` }] });
    for (let tries = 0; tries < 100; tries += 1) {
      const found = (await letters()).letters.find((letter) => letter.key === key);
      if (found !== undefined) return found;
    }
    throw new Error('it was not put aside');
  }
  const command = (...args: string[]): Promise<{ stdout: string }> =>
    run(process.execPath, [compiledFile('apps/orchestrator/src/commands/dead-letters.ts'), ...args], {
      env: {
        ...process.env,
        KAFKA_BROKERS: testKafkaBrokers().join(','),
        SKALD_NAMESPACE: system.namespace,
      },
    });

  it('are listed over REST, without payloads', async () => {
    const letter = await poison('listed');
    expect(letter).toMatchObject({
      topic: commands,
      partition: 0,
      code: 'malformed_message',
      reason: 'the value is not JSON',
    });
    const page = await letters(`?topic=${commands}&limit=1`);
    expect(page.letters).toHaveLength(1);
    expect(JSON.stringify(page)).not.toContain('secret');
    expect((await letters(`?topic=${topics.replies(system.namespace)}`)).total).toBe(0);
  });

  it('show their payload over REST when one is asked for', async () => {
    const letter = await poison('shown');
    const response = await fetch(url(path(letter)));
    expect(await response.json()).toMatchObject({ key: 'shown', value: 'secret of shown', headers: {} });
  });

  it('are dropped over REST, once', async () => {
    const letter = await poison('dropped');
    const drop = (): Promise<Response> => fetch(url(path(letter)), { method: 'DELETE' });
    expect((await drop()).status).toBe(204);
    const again = await drop();
    expect(again.status).toBe(404);
    expect(await again.json()).toMatchObject({ type: 'urn:skald:problem:unknown_dead_letter' });
    expect((await letters()).letters.map(({ key }) => key)).not.toContain('dropped');
  });

  it('are resent over REST, and come back when nothing was mended', async () => {
    const letter = await poison('resent');
    expect((await fetch(`${url(path(letter))}/resend`, { method: 'POST' })).status).toBe(204);
    for (let tries = 0; tries < 100; tries += 1) {
      const back = (await letters()).letters.find(({ key }) => key === 'resent');
      if (back === undefined) continue;
      expect(BigInt(back.offset)).toBeGreaterThan(BigInt(letter.offset));
      return;
    }
    throw new Error('it did not come back');
  });

  it('are listed, shown, resent and dropped by a command', async () => {
    const letter = await poison('by command');
    const name = path(letter).slice(1);
    expect((await command('list')).stdout).toContain(`${name}  `);
    expect((await command('list')).stdout).not.toContain('secret');
    expect((await command('show', name)).stdout).toContain('secret of by command');
    expect((await command('drop', name)).stdout).toContain('dropped');
    expect((await letters()).letters.map(({ key }) => key)).not.toContain('by command');
  });

  it.each([
    ['a topic of another namespace', '/other.saga.replies/0/0', 404, 'unknown_dead_letter'],
    ['an offset that is no number', '/some.topic/0/first', 400, 'malformed_request'],
    ['a partition that is no number', '/some.topic/first/0', 400, 'malformed_request'],
    ['a limit that is too high', '?limit=100000', 400, 'malformed_request'],
  ])('REST refuses %s', async (_, place, status, code) => {
    const response = await fetch(url(place));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ type: `urn:skald:problem:${code}` });
  });

  it('do not stop the others', async () => {
    const { id, input } = newBot();
    const handle = await system.sagas.start(CreateBotSaga, { id, input });
    expect(await handle.result()).toMatchObject({ status: 'completed' });
  });
});
