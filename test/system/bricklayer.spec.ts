import { CreateBotSaga } from '@bricklayer/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SagaRefusedError } from '@skald/client';
import { type Message, topics } from '@skald/core';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { newBot, startSystem, type TestSystem } from '../setup/bricklayer.js';
import { testKafkaBrokers } from '../setup/real-services.js';
import { readTopic } from '../setup/read-topic.js';

describe('Bricklayer: four processes on real Kafka, each with its own PostgreSQL database', () => {
  let system: TestSystem;
  let producer: Producer;

  beforeAll(async () => {
    system = await startSystem();
    producer = new Kafka({ brokers: testKafkaBrokers(), logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
  });
  afterAll(async () => {
    await producer?.disconnect();
    await system?.stop();
  });

  const get = (id: string): Promise<Response> => fetch(system.url(id));
  const post = (body: unknown): Promise<Response> =>
    fetch(system.url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  /** Waits until a saga has ended, as seen over REST. */
  const ended = async (id: string): Promise<Record<string, unknown>> => {
    for (let tries = 0; tries < 300; tries += 1) {
      const view = (await (await get(id)).json()) as Record<string, unknown>;
      if (['completed', 'compensated', 'suspended'].includes(String(view['status']))) return view;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`saga ${id} has not ended`);
  };
  /** That nothing has stopped: a saga from start to end. */
  const expectAllIsWell = async (): Promise<void> => {
    const { id, input } = newBot();
    const handle = await system.sagas.start(CreateBotSaga, { id, input });
    expect(await handle.result()).toMatchObject({ status: 'completed' });
  };
  const produceRaw = (topic: string, value: string): Promise<unknown> =>
    producer.send({ topic, messages: [{ key: 'raw', value }] });
  const deadLetter = (topic: string, marker: string): Promise<Record<string, string>> =>
    readTopic(topics.deadLetters(topic), ({ value }) => value.includes(marker)).then(
      ({ headers }) => headers,
    );
  const command = (fields: Partial<Message>): string =>
    JSON.stringify({
      specversion: '1.0',
      id: `${system.namespace}/create-bot@1/raw-${Math.random()}/create%20bot/do/1`,
      source: '/test',
      type: 'constructor.create-bot',
      namespace: system.namespace,
      sagaid: 'raw',
      ...fields,
    });

  it('creates a bot with its first job, started over Kafka and followed to its end', async () => {
    const { id, input } = newBot();
    const handle = await system.sagas.start(CreateBotSaga, { id, input });
    const outcome = await handle.result();
    expect(outcome).toMatchObject({ status: 'completed', output: { botId: expect.any(String) } });
  });

  it('leaves nothing behind when the engine says no', async () => {
    const before = await system.effects();
    const { id, input } = newBot('not a cron expression');
    const handle = await system.sagas.start(CreateBotSaga, { id, input });
    expect(await handle.result()).toMatchObject({
      status: 'compensated',
      failure: { step: 'schedule job', outcome: 'rejected', code: 'invalid_cron' },
    });
    expect(await system.effects()).toEqual(before);
  });

  it('refuses a second bot of the same name for the same owner', async () => {
    const first = newBot();
    await (await system.sagas.start(CreateBotSaga, first)).result();
    const handle = await system.sagas.start(CreateBotSaga, { ...newBot(), input: first.input });
    expect(await handle.result()).toMatchObject({ status: 'compensated', failure: { code: 'name_taken' } });
  });

  it('carries a hundred sagas at once', async () => {
    const before = await system.effects();
    const handles = await Promise.all(
      Array.from({ length: 100 }, () => system.sagas.start(CreateBotSaga, newBot())),
    );
    const outcomes = await Promise.all(handles.map((handle) => handle.result({ timeout: '50s' })));
    expect(outcomes.filter(({ status }) => status === 'completed')).toHaveLength(100);
    const after = await system.effects();
    expect(after.schedules - before.schedules).toBe(100);
  });

  describe('over REST', () => {
    it('starts a saga: 201 with its place, and 200 when it is started again', async () => {
      const { id, input } = newBot();
      const first = await post({ definition: 'create-bot', id, input });
      expect(first.status).toBe(201);
      expect(first.headers.get('location')).toMatch(new RegExp(`/sagas/${id}$`));
      expect((await post({ definition: 'create-bot', id, input })).status).toBe(200);
      const view = await ended(id);
      expect(view).toMatchObject({
        id,
        status: 'completed',
        definition: 'create-bot',
        version: 1,
        revision: 4,
      });
      expect(view['history']).toHaveLength(4);
    });

    const bot = (): { definition: string; id: string; input: object } => ({
      definition: 'create-bot',
      ...newBot(),
    });
    it.each<[string, () => unknown, number, string, RegExp]>([
      [
        'an unknown definition',
        () => ({ ...bot(), definition: 'dance' }),
        422,
        'unknown_definition',
        /no saga 'dance'/,
      ],
      ['an unknown version', () => ({ ...bot(), version: 9 }), 422, 'unknown_definition', /'create-bot@9'/],
      [
        'invalid input',
        () => ({ ...bot(), input: { ownerId: 7 } }),
        422,
        'invalid_input',
        /ownerId must be a string/,
      ],
      ['an id that is no id', () => ({ ...bot(), id: 'a\nb' }), 422, 'invalid_id', /1 to 200 characters/],
      ['no definition', () => ({ ...bot(), definition: undefined }), 400, 'malformed_request', /definition/],
      [
        'a field too many',
        () => ({ ...bot(), colour: 'red' }),
        400,
        'malformed_request',
        /colour should not exist/,
      ],
    ])('refuses %s with problem details', async (_, body, status, code, detail) => {
      const response = await post(body());
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await response.json()).toMatchObject({
        type: `urn:skald:problem:${code}`,
        status,
        title: expect.any(String),
        detail: expect.stringMatching(detail),
      });
    });

    it('refuses an id that exists with other data, and leaves that saga alone', async () => {
      const { id, input } = newBot();
      await post({ definition: 'create-bot', id, input });
      const before = await ended(id);
      const response = await post({ definition: 'create-bot', id, input: { ...input, ownerId: 'bob' } });
      expect(response.status).toBe(409);
      expect(await response.json()).toMatchObject({ type: 'urn:skald:problem:saga_exists' });
      expect(await ended(id)).toEqual(before);
    });

    it('refuses a body that is no JSON', async () => {
      const response = await post('{"definition":');
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    });

    it('lets an operator suspend, resume, terminate and remove a saga, and refuses what makes no sense', async () => {
      const { id, input } = newBot();
      await post({ definition: 'create-bot', id, input });
      await ended(id);
      const act = (action: string): Promise<Response> =>
        fetch(`${system.url(id)}/actions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ action, actor: 'ada', reason: 'a test' }),
        });
      const refused = await act('suspend');
      expect(refused.status).toBe(409);
      expect(await refused.json()).toMatchObject({ type: 'urn:skald:problem:ended' });
      expect((await act('dance')).status).toBe(400);
      expect((await act('remove')).status).toBe(200);
      expect((await get(id)).status).toBe(404);
    });

    it('shows the policy that holds for each command', async () => {
      const definitions = await (await fetch(system.url().replace(/sagas$/, 'definitions'))).json();
      expect(definitions).toMatchObject([
        {
          name: 'create-bot',
          version: 1,
          steps: [
            { name: 'create bot', kind: 'compensatable' },
            {
              name: 'store job',
              commands: { do: { policy: { maximumAttempts: 5, initialIntervalMs: 200, timeoutMs: 10_000 } } },
            },
            { name: 'schedule job' },
          ],
        },
      ]);
    });

    it('knows no saga that was not started, and no other namespace', async () => {
      const unknown = await get('nobody');
      expect(unknown.status).toBe(404);
      expect(await unknown.json()).toMatchObject({ type: 'urn:skald:problem:unknown_saga' });
      const elsewhere = await fetch(system.url('nobody').replace(system.namespace, 'elsewhere'));
      expect(elsewhere.status).toBe(404);
    });
  });

  describe('over Kafka', () => {
    it('tells a caller that its start was refused, and why', async () => {
      const { id, input } = newBot();
      await (await system.sagas.start(CreateBotSaga, { id, input })).result();
      const other = system.sagas.start(CreateBotSaga, { id, input: { ...input, ownerId: 'bob' } });
      await expect(other).rejects.toThrow(SagaRefusedError);
      await expect(other).rejects.toMatchObject({ code: 'saga_exists' });
      await expectAllIsWell();
    });

    it('gives the outcome to a caller that starts an ended saga again', async () => {
      const bot = newBot();
      const first = await (await system.sagas.start(CreateBotSaga, bot)).result();
      expect(await (await system.sagas.start(CreateBotSaga, bot)).result()).toEqual(first);
    });

    it.each<[string, () => string, string]>([
      ['is not JSON', () => 'this is not JSON', 'malformed_message'],
      [
        'lacks its attributes',
        () => JSON.stringify({ specversion: '1.0', id: 'x', marker: 'no attributes' }),
        'malformed_message',
      ],
    ])('dead-letters a request that %s, with the reason, and goes on', async (_, value, code) => {
      const topic = topics.requests(system.namespace);
      await produceRaw(topic, value());
      const headers = await deadLetter(topic, value().slice(0, 30));
      expect(headers).toMatchObject({ 'dlq-code': code, 'dlq-topic': topic });
      expect(headers['dlq-reason']).toMatch(/JSON|attribute/);
      await expectAllIsWell();
    });

    it('ignores a reply for nothing that is pending', async () => {
      const bot = newBot();
      await (await system.sagas.start(CreateBotSaga, bot)).result();
      const before = await ended(bot.id);
      for (const sagaid of [bot.id, 'never-started']) {
        await produceRaw(
          topics.replies(system.namespace),
          command({
            type: 'skald.reply.rejected',
            sagaid,
            commandid: `${system.namespace}/create-bot@1/${sagaid}/store%20job/do/1`,
            data: { code: 'x', message: '' },
          }),
        );
      }
      await expectAllIsWell();
      expect(await ended(bot.id)).toEqual(before);
    });

    it('answers no to a command whose payload fails its DTO', async () => {
      const replies = `${system.namespace}.saga.replies`;
      const value = command({ data: { ownerId: '', name: 5 }, replyto: replies });
      const { id } = JSON.parse(value) as Message;
      await produceRaw(topics.commands(system.namespace, 'constructor'), value);
      const reply = await readTopic(replies, (record) => record.value.includes(id));
      expect(JSON.parse(reply.value)).toMatchObject({
        type: 'skald.reply.rejected',
        data: { code: 'invalid_request', message: expect.stringContaining('ownerId should not be empty') },
      });
      await expectAllIsWell();
    });

    it('dead-letters a command that nobody handles', async () => {
      const topic = topics.commands(system.namespace, 'constructor');
      const value = command({ type: 'constructor.dance', data: {} });
      await produceRaw(topic, value);
      expect(await deadLetter(topic, 'constructor.dance')).toMatchObject({ 'dlq-code': 'unknown_type' });
      await expectAllIsWell();
    });
  });
});
