import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  call,
  command,
  commandIdOf,
  type Message,
  orchestratorSource,
  saga,
  type SagaInstance,
  signal,
  topics,
} from '@skald/core';
import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsOptional, IsString, ValidateNested } from 'class-validator';
import { messageFor, Shop } from './shop.fixture.js';

class Job {
  @IsString()
  name!: string;
}
class Order {
  @IsString()
  item!: string;

  @Type(() => Job)
  @ValidateNested()
  @IsOptional()
  job?: Job;

  @Type(() => Job)
  @ValidateNested({ each: true })
  @IsArray()
  @IsOptional()
  jobs?: Job[];
}
class Found {
  @IsBoolean()
  happened!: boolean;

  @IsOptional()
  reply?: Order;
}
class StoreJob {
  @IsString()
  botId!: string;

  @IsString()
  name!: string;
}
const Reserve = command('stock.reserve', { request: Order, reply: Order, rejections: ['sold_out'] });
const Release = command('stock.release', { request: Order });
const WasReserved = command('stock.was-reserved', { request: Order, reply: Found });
const Store = command('payment.store-job', { request: StoreJob });
const Go = signal('go', { data: Job });
const Price = call('price', { request: Job, reply: Job });
const inputOf = ({ input }: { input: Order }): Order => input;

const ChildSaga = saga('child', { version: 1, input: Order })
  .step('reserve', { send: Reserve, with: inputOf, as: 'stock', undo: { send: Release, with: inputOf } })
  .build(({ stock }) => ({ item: stock.item }));
const ParentSaga = saga('parent', { version: 1, input: Order })
  .child('run child', { saga: ChildSaga, with: inputOf })
  .waitFor('go', { signals: [Go] })
  .build();
const LargeSaga = saga('large', { version: 1, input: Order })
  .onCall(Price, { handle: ({ input }) => ({ answer: { name: input.item } }) })
  .waitFor('go', { signals: [Go] })
  .build(({ input }) => ({ item: input.item }));
/** As in the README: what came in as a job is spread into a command. */
const JobSaga = saga('job', { version: 1, input: Order })
  .onCall(Price, { as: 'price', handle: (_, request) => ({ answer: request, keep: request }) })
  .waitFor('go', { signals: [Go], as: 'went' })
  .step('store', {
    send: Store,
    with: ({ input }) => ({ botId: 'own', name: '', ...input.job }),
  })
  .build();

const INPUT = { item: 'hat' };

describe('a request from anybody', () => {
  let shop: Shop;

  beforeEach(async () => {
    shop = await new Shop({
      definitions: [ChildSaga, ParentSaga, LargeSaga, JobSaga],
      broker: { maximumBytes: 20_000 },
    }).open();
    shop.answer = ({ type }) => ({ kind: 'succeeded', data: type === 'stock.reserve' ? INPUT : null });
  });
  afterEach(() => shop.close());

  const start = (
    id: string,
    definition: string,
    input: unknown,
    fields: Partial<Message> = {},
  ): Promise<void> => shop.send('skald.saga.start', id, { definition, input }, fields);
  const refusals = (): unknown[] =>
    shop.events('skald.request.refused').map(({ sagaid, data }) => [sagaid, (data as { code: string }).code]);
  const settled = (): Promise<void> => shop.clock.advance(1_000);
  const goodEnds = async (): Promise<void> => {
    await start('good', 'child', INPUT);
    await settled();
    expect(await shop.status('good')).toBe('completed');
  };

  describe('that asks for a reply', () => {
    it.each([
      ['of an unknown definition (P1)', 'nope', 'my.replies'],
      ['of a known one (P19)', 'child', 'my.replies'],
      ['to a topic that cannot be', 'child', '\u00fc?'],
      ["to the orchestrator's own topic, which is not its own command", 'child', topics.replies('shop')],
    ])('is refused, and nobody else is held up: a start %s', async (_, definition, replyto) => {
      await start('odd', definition, INPUT, { id: 'any-uuid', replyto });
      await goodEnds();
      await shop.clock.advance(20_000);
      expect(await shop.engine.find('odd')).toBeUndefined();
      expect(refusals()).toEqual([['odd', 'foreign_replyto']]);
      expect(shop.deadLetters()).toEqual(['foreign_replyto odd']);
      expect(shop.lines.filter((line) => line.includes('relay'))).toEqual([]);
    });

    it('is refused though it names a command that no saga has sent', async () => {
      const id = 'shop/parent@1/nobody/run child/do/1';
      const fields = {
        id: encodeURI(id),
        replyto: topics.replies('shop'),
        source: orchestratorSource('shop'),
      };
      await start('nobody/run child/1', 'child', INPUT, fields);
      await goodEnds();
      expect(refusals()).toEqual([['nobody/run child/1', 'unknown_parent']]);
    });
  });

  describe('that pretends to come from a parent saga', () => {
    let parent: SagaInstance;
    const forged = (direction: 'do' | 'undo'): Partial<Message> => {
      const [visit] = parent.visits;
      if (visit === undefined) throw new Error('it has no child');
      return {
        id: commandIdOf(parent, visit, direction),
        replyto: topics.replies('shop'),
        source: orchestratorSource('shop'),
        compensates: commandIdOf(parent, visit, 'do'),
      };
    };

    beforeEach(async () => {
      shop.answer = () => undefined;
      await start('p', 'parent', INPUT);
      await settled();
      const found = await shop.engine.find('p');
      if (found === undefined) throw new Error('it did not start');
      parent = found;
    });

    it('starts no second child under another id', async () => {
      await start('evil', 'child', INPUT, forged('do'));
      await settled();
      expect(await shop.engine.find('evil')).toBeUndefined();
      expect(refusals()).toEqual([['evil', 'unknown_parent']]);
    });

    it('cannot have the parent told that its child was refused', async () => {
      await start('evil', 'nope', INPUT, forged('do'));
      await settled();
      expect(await shop.status('p')).toBe('running');
      expect(shop.broker.messages(topics.replies('shop'))).toEqual([]);
    });

    it('cannot have the child undone that the parent still waits for', async () => {
      const [request] = shop.broker.messages(topics.requests('shop')).slice(-1);
      const child = (JSON.parse(request?.value ?? '') as Message).sagaid;
      expect(await shop.status(child)).toBe('running');
      await shop.send('skald.saga.undo', child, { definition: 'child', version: 1 }, forged('undo'));
      await settled();
      expect(await shop.status(child)).toBe('running');
      expect(refusals()).toEqual([[child, 'unknown_parent']]);
    });

    it("cannot have a saga undone that is nobody's child", async () => {
      await shop.send('skald.saga.undo', 'p', { definition: 'parent' }, { compensates: 'x' });
      await settled();
      expect(await shop.status('p')).toBe('running');
      expect(refusals()).toEqual([['p', 'unknown_parent']]);
    });
  });

  it('is refused where it counts on another topic: a reply among the requests, a start among the replies', async () => {
    await shop.send('skald.reply.succeeded', 'o', null, { commandid: 'shop/child@1/o/reserve/do/1' });
    await shop.reply('skald.saga.start', 'o', { definition: 'child', input: INPUT });
    await settled();
    expect(await shop.engine.find('o')).toBeUndefined();
    expect(shop.deadLetters()).toEqual(['wrong_topic o']);
    expect(shop.deadLetters(topics.replies('shop'))).toEqual(['wrong_topic o']);
  });

  it.each<[string, string, unknown, Partial<Message>, string]>([
    ['of a type that nobody knows', 'skald.saga.dance', {}, {}, 'unknown_type'],
    ['without data', 'skald.saga.start', undefined, {}, 'malformed_request'],
    ['with data that is no object', 'skald.saga.signal', 'x', {}, 'malformed_request'],
    ['for another namespace', 'skald.saga.get', {}, { namespace: 'other' }, 'wrong_namespace'],
    [
      'with a version that is no number',
      'skald.saga.start',
      { definition: 'child', version: 'x' },
      {},
      'malformed_request',
    ],
  ])('is answered also when it is unusable: %s', async (_, type, data, fields, code) => {
    await shop.send(type, 'o', data, { id: 'r-1', ...fields });
    await settled();
    expect(shop.deadLetters()).toEqual([`${code} o`]);
    expect(shop.events('skald.request.refused')).toMatchObject([
      { sagaid: 'o', requestid: 'r-1', namespace: 'shop', data: { code } },
    ]);
  });

  it.each([
    ['of another version of CloudEvents', { specversion: '0.3' }],
    ['without a version', { specversion: null }],
    ['without a type', { type: null }],
    ['without a source', { source: '' }],
    ['with a time that is none', { time: 'yesterday' }],
    ['with data of another kind', { datacontenttype: 'application/xml' }],
    ['with data in two ways', { data_base64: 'e30=' }],
    ['with a control character', { step: 'a\u001bb' }],
    ['with a number that would be changed', { data: { n: 'N' } }],
    ['that nests too deep', { data: 'D' }],
  ])('is answered also when it is no message, as long as it says who sent it: %s', async (_, fields) => {
    const event = messageFor('skald.saga.get', 'o', {}, { id: 'r-1' });
    const value = JSON.stringify({ ...event, ...fields })
      .replace('"N"', '9007199254740993')
      .replace('"D"', '['.repeat(200) + ']'.repeat(200));
    shop.broker.append([{ topic: topics.requests('shop'), key: 'o', value, headers: {} }]);
    await settled();
    expect(shop.broker.messages(topics.deadLetters(topics.requests('shop')))).toMatchObject([{ value }]);
    expect(shop.events('skald.request.refused')).toMatchObject([
      { sagaid: 'o', requestid: 'r-1', namespace: 'shop', data: { code: 'malformed_message' } },
    ]);
  });

  it('is not answered when it is a reply, or nobody sent it', async () => {
    const reply = JSON.stringify({ id: 'r', sagaid: 'o', type: 'skald.reply.succeeded' });
    const records = [reply, '{"id":"r"}', '"x"'].map((value) => ({ key: 'o', value, headers: {} }));
    shop.broker.append(records.map((record) => ({ topic: topics.requests('shop'), ...record })));
    shop.broker.append(records.map((record) => ({ topic: topics.replies('shop'), ...record })));
    await settled();
    expect(shop.broker.messages(topics.deadLetters(topics.requests('shop')))).toHaveLength(3);
    expect(shop.broker.messages(topics.deadLetters(topics.replies('shop')))).toHaveLength(3);
    expect(shop.events()).toEqual([]);
  });

  it('is refused in few words, however much is wrong with it (P3)', async () => {
    const jobs = Array.from({ length: 3_000 }, () => ({}));
    await start('o', 'child', { item: 3, jobs });
    await start('x', 'd'.repeat(15_000), INPUT);
    await goodEnds();
    expect(refusals()).toEqual([
      ['o', 'invalid_input'],
      ['x', 'unknown_definition'],
    ]);
    for (const { value } of shop.broker.messages(topics.events('shop')))
      expect(value.length).toBeLessThan(12_000);
  });

  it.each([
    ['get', 'skald.saga.get', {}],
    ['call', 'skald.saga.call', { call: 'price', data: { name: 'x' } }],
  ])(
    'is told so when its answer is too large to be sent, and holds nobody up: %s (K4)',
    async (_, type, data) => {
      await start('large', 'large', { item: 'x'.repeat(15_000) });
      await settled();
      const [made] = await shop.store.find([{ namespace: 'shop', id: 'large' }]);
      if (made === undefined) throw new Error('it did not start');
      const large = { ...made, input: { item: 'x'.repeat(30_000) }, output: 'x'.repeat(30_000) };
      const status = type === 'skald.saga.get' ? ({ status: 'completed' } as const) : {};
      await shop.store.transact((turn) =>
        turn.save(
          'shop',
          {
            created: [],
            updated: [{ instance: { ...large, ...status, revision: 2 }, fromRevision: 1 }],
            history: [],
            owed: [],
            settled: [],
          },
          0,
        ),
      );
      await shop.send(type, 'large', data, { id: 'ask' });
      await goodEnds();
      expect(shop.events('skald.request.refused')).toMatchObject([
        { requestid: 'ask', sagaid: 'large', data: { code: 'answer_too_large' } },
      ]);
    },
  );

  describe('with more members than its class declares (mass assignment)', () => {
    const EVIL = { botId: 'another', constructor: 'x' };
    const sent = (): unknown => shop.commands.find(({ type }) => type === 'payment.store-job')?.data;

    it('gets none of them into the instance, nor through a spread into a command', async () => {
      await start('o', 'job', { item: 'hat', job: { name: 'n', ...EVIL }, ...EVIL });
      await shop.send('skald.saga.call', 'o', { call: 'price', data: { name: 'c', ...EVIL } });
      await shop.send('skald.saga.signal', 'o', { signal: 'go', data: { name: 's', ...EVIL } });
      await settled();
      expect(sent()).toEqual({ botId: 'own', name: 'n' });
      expect(await shop.engine.find('o')).toMatchObject({
        status: 'completed',
        input: { item: 'hat', job: { name: 'n' } },
      });
      expect(JSON.stringify(await shop.store.find([{ namespace: 'shop', id: 'o' }]))).not.toContain(
        'another',
      );
      expect(JSON.stringify(shop.events())).not.toContain('another');
    });

    it('gets none of them in from inside the process, nor by a reply', async () => {
      shop.answer = () => ({ kind: 'succeeded', data: { item: 'hat', ...EVIL } });
      await shop.engine.startSaga({ definition: 'child', id: 'o', input: { item: 'hat', ...EVIL } });
      await settled();
      expect(await shop.engine.find('o')).toMatchObject({
        status: 'completed',
        input: { item: 'hat' },
        results: { stock: { item: 'hat' } },
      });
      expect(JSON.stringify(await shop.engine.find('o'))).not.toContain('another');
    });

    it('gets none of them in by the hand of an operator, and nothing that does not fit', async () => {
      shop.answer = () => undefined;
      await start('o', 'child', INPUT);
      await settled();
      const note = { actor: 'ada', reason: 'test' };
      const edit = (data: Record<string, unknown>): Promise<unknown> =>
        shop.engine.operate('o', { kind: 'edit', data }, note);
      await shop.engine.operate('o', { kind: 'suspend' }, note);
      await expect(edit({ input: { item: 3 } })).rejects.toMatchObject({ code: 'invalid_input' });
      await expect(edit({ stock: 'x' })).rejects.toMatchObject({ code: 'invalid_input' });
      await edit({ input: { item: 'cap', ...EVIL }, stock: { item: 'cap', ...EVIL } });
      expect((await shop.engine.find('o'))?.results).toEqual({
        input: { item: 'cap' },
        stock: { item: 'cap' },
      });
    });

    it('gets none of them in by an output that takes the place of a reply', async () => {
      shop.answer = () => ({ kind: 'failed', code: 'x', message: '' });
      await start('o', 'child', INPUT);
      await settled();
      await shop.engine.operate('o', { kind: 'suspend' }, { actor: 'ada', reason: 'test' });
      const skip = (output: unknown): Promise<unknown> =>
        shop.engine.operate('o', { kind: 'skip', output }, { actor: 'ada', reason: 'test' });
      await expect(skip({ item: 3 })).rejects.toThrow();
    });
  });

  describe('that is a reply of a probe', () => {
    const ProbedSaga = saga('probed', { version: 1, input: Order })
      .step('reserve', {
        send: Reserve,
        with: inputOf,
        as: 'stock',
        timeout: '1s',
        retry: { maximumAttempts: 1 },
        undo: { send: Release, with: inputOf },
        probe: { send: WasReserved, with: inputOf },
      })
      .build();

    it.each<[string, unknown, string]>([
      ['says nothing', {}, 'running'],
      ['says what its action could not have replied', { happened: true, reply: { item: 3 } }, 'running'],
      ['says yes', { happened: true, reply: { item: 'hat', evil: 1 } }, 'completed'],
      ['says no', { happened: false }, 'compensated'],
    ])('passes the contract of its action: one that %s', async (_, data, status) => {
      await shop.close();
      shop = await new Shop({ definitions: [ProbedSaga] }).open();
      shop.answer = ({ probes }) => (probes === undefined ? undefined : { kind: 'succeeded', data });
      await start('o', 'probed', INPUT);
      await shop.clock.advance(2_500);
      const found = await shop.engine.find('o');
      expect(found?.status).toBe(status);
      expect(found?.results).toEqual(status === 'completed' ? { stock: { item: 'hat' } } : {});
      expect(shop.deadLetters(topics.replies('shop'))).toEqual(
        status === 'running' ? ['invalid_reply o'] : [],
      );
    });
  });
});
