import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DeadlineSaga } from '../../docs/examples/sagas.js';
import { startTestOrchestrator, type TestOrchestrator } from '../setup/orchestrator.js';

const ORDER = { item: 'hat', price: 30 };

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** What a problem says. */
  readonly type?: unknown;
  readonly detail?: unknown;
  readonly errors?: unknown;
}

describe('the doors of the REST interface, on real Kafka and real PostgreSQL', () => {
  let orchestrator: TestOrchestrator;
  let sagas: string;
  let count = 0;
  const newId = (): string => {
    count += 1;
    return `door-${count}`;
  };

  beforeAll(async () => {
    orchestrator = await startTestOrchestrator([DeadlineSaga], ['stock'], {
      allowedHosts: ['sagas.example'],
    });
    sagas = `/api/v1/namespaces/${orchestrator.namespace}/sagas`;
  });
  afterAll(() => orchestrator?.stop());

  /** As any program could write it: `fetch` would not send a foreign Host, nor a path as it stands. */
  function send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string | Buffer,
  ): Promise<Answer> {
    const { hostname, port } = new URL(orchestrator.url);
    return new Promise((resolve, reject) => {
      const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => {
          const isProblem = response.headers['content-type']?.startsWith('application/problem+json');
          const problem: Partial<Answer> = isProblem ? JSON.parse(text) : {};
          resolve({
            ...problem,
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text,
          });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }
  const JSON_TYPE = { 'content-type': 'application/json' };
  const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> =>
    send('POST', path, { ...JSON_TYPE, ...headers }, body);
  const startText = (id: string, input: string = JSON.stringify(ORDER)): string =>
    `{"definition":"a-deadline","id":${JSON.stringify(id)},"input":${input}}`;
  const exists = async (id: string): Promise<boolean> =>
    (await send('GET', `${sagas}/${encodeURIComponent(id)}`)).status === 200;

  async function started(): Promise<string> {
    const id = newId();
    expect((await post(sagas, startText(id))).status).toBe(201);
    return id;
  }
  const statusOf = async (id: string): Promise<unknown> =>
    JSON.parse((await send('GET', `${sagas}/${id}`)).body).status;

  describe('a start that is sent again after its saga was removed', () => {
    it('begins nothing under the same message id, and a new saga under another', async () => {
      const id = newId();
      const start = (messageId: string): Promise<Answer> =>
        post(sagas, JSON.stringify({ definition: 'a-deadline', id, messageId, input: ORDER }));
      const act = async (action: string): Promise<number> => {
        const body = { action, actor: 'ada', reason: 'a test' };
        return (await post(`${sagas}/${id}/actions`, JSON.stringify(body))).status;
      };
      expect((await start('m-1')).status).toBe(201);
      expect((await start('m-1')).status).toBe(200);
      expect(await act('terminate')).toBe(200);
      // What it owes has to be sent first.
      while ((await act('remove')) !== 200) await new Promise((resolve) => setTimeout(resolve, 50));

      expect(await start('m-1')).toMatchObject({ status: 409, type: 'urn:skald:problem:saga_removed' });
      expect(await exists(id)).toBe(false);
      expect((await start('m-2')).status).toBe(201);
    });
  });

  describe('a body', () => {
    it.each([
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/json; charset=latin1',
      'application/merge-patch+json',
      'text/plain; application/json',
    ])('of type %s is refused, as a page of another site could send it', async (type) => {
      const id = newId();
      const answer = await post(sagas, startText(id), { 'content-type': type });
      expect(answer).toMatchObject({ status: 415, type: 'urn:skald:problem:not_json' });
      expect(await exists(id)).toBe(false);
    });

    it('without a type is refused', async () => {
      const id = newId();
      const answer = await send('POST', sagas, {}, startText(id));
      expect(answer.status).toBe(415);
      expect(await exists(id)).toBe(false);
    });

    it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
      'of type %s is taken',
      async (type) => {
        expect((await post(sagas, startText(newId()), { 'content-type': type })).status).toBe(201);
      },
    );

    it.each<[string, string | Buffer, RegExp]>([
      ['that is no JSON', '{"definition":', /not JSON/],
      ['that is empty', '', /definition must be a string/],
      ['that is null', 'null', /must be a JSON object/],
      ['that is a text', '"start"', /must be a JSON object/],
      ['that is a list', '[{"definition":"a-deadline","input":{}}]', /must be a JSON object/],
      ['that nests 7,000 levels deep', startText('deep', `${'['.repeat(7_000)}${']'.repeat(7_000)}`), /deep/],
      ['with a number beyond 2^53', startText('n-1', '{"item":"hat","price":9007199254740993}'), /exactly/],
      ['with 1e400', startText('n-2', '{"item":"hat","price":1e400}'), /exactly/],
      ['with -0', startText('n-3', '{"item":"hat","price":-0}'), /exactly/],
      ['with a member twice', startText('n-4', '{"item":"hat","item":"cap","price":1}'), /twice/],
      ['with NUL', startText('n-5', '{"item":"a\\u0000b","price":1}'), /NUL/],
      ['with half a character', startText('n-6', '{"item":"a\\ud800b","price":1}'), /half a character/],
      ['that is no UTF-8', Buffer.from(startText('n-7', '{"item":"\u00ff","price":1}'), 'latin1'), /UTF-8/],
    ])('%s is refused with the reason', async (_what, body, reason) => {
      const answer = await post(sagas, body);
      expect(answer.status).toBe(400);
      expect(answer.detail).toMatch(reason);
      for (const id of ['deep', 'n-1', 'n-2', 'n-3', 'n-4', 'n-5', 'n-6', 'n-7']) {
        expect(await exists(id)).toBe(false);
      }
    });

    it('that is larger than 512 KiB is refused, and one that is smaller is taken', async () => {
      const [large, small] = [newId(), newId()];
      const inputOf = (length: number): string => JSON.stringify({ item: 'x'.repeat(length), price: 1 });
      expect(await post(sagas, startText(large, inputOf(600_000)))).toMatchObject({
        status: 413,
        type: 'urn:skald:problem:too_large',
      });
      expect((await post(sagas, startText(small, inputOf(400_000)))).status).toBe(201);
      expect(await exists(large)).toBe(false);
    });

    it('with thousands of unknown members is refused in a few words', async () => {
      const members = Object.fromEntries(
        Array.from({ length: 5_000 }, (_, number) => [`${'x'.repeat(50)}${number}`, 1]),
      );
      const answer = await post(sagas, JSON.stringify({ definition: 'a-deadline', input: {}, ...members }));
      expect(answer.status).toBe(400);
      expect(answer.body.length).toBeLessThan(10_000);
    });
  });

  describe('a request from a page of another site', () => {
    it.each<[string, Record<string, string>]>([
      ['its origin', { origin: 'https://evil.example' }],
      ['an origin that is hidden', { origin: 'null' }],
      ['another port of this host', { origin: 'http://localhost:5173' }],
      ['what its browser says', { 'sec-fetch-site': 'cross-site' }],
      ['what its browser says of a neighbour', { 'sec-fetch-site': 'same-site' }],
    ])('is told by %s, and changes nothing', async (_what, headers) => {
      const [id, running] = [newId(), await started()];
      const refusal = { status: 403, type: 'urn:skald:problem:cross_site' };
      expect(await post(sagas, startText(id), headers)).toMatchObject(refusal);
      expect(await post(`${sagas}/${running}/cancel`, '{"reason":"x"}', headers)).toMatchObject(refusal);
      const letter = `/api/v1/namespaces/${orchestrator.namespace}/dead-letters/x.y.commands/0/0`;
      expect(await send('POST', `${letter}/resend`, headers)).toMatchObject(refusal);
      expect(await send('DELETE', letter, headers)).toMatchObject(refusal);
      expect(await exists(id)).toBe(false);
      expect(await statusOf(running)).toBe('running');
    });

    it('may not ask whether it may', async () => {
      const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
      const answer = await send('OPTIONS', sagas, headers);
      const permissions = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
      expect(permissions).toEqual([]);
      expect(answer.status).toBeGreaterThanOrEqual(400);
    });

    it('is told from one of a page of its own', async () => {
      const { host } = new URL(orchestrator.url);
      const own = { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
      expect((await post(sagas, startText(newId()), own)).status).toBe(201);
    });
  });

  describe('a name for this host', () => {
    it.each(['evil.example', 'evil.example:80', 'localhost.evil.example', '10.0.0.1', '[2001:db8::1]'])(
      'that nobody has configured, %j, is refused: a name can be made to point anywhere',
      async (host) => {
        for (const path of [sagas, '/health/ready', '/']) {
          expect((await send('GET', path, { host })).status).toBe(421);
        }
        const id = newId();
        expect((await post(sagas, startText(id), { host })).status).toBe(421);
        expect(await exists(id)).toBe(false);
      },
    );

    it.each(['localhost', 'localhost:3000', 'LOCALHOST', '127.0.0.1:80', '[::1]:3000', 'sagas.example:8443'])(
      'that is its own, or configured, %s, is taken',
      async (host) => {
        expect((await send('GET', '/health/live', { host })).status).toBe(200);
      },
    );
  });

  it('an action names a step that has a command in hand, and none where it is about the whole saga', async () => {
    const id = newId();
    await post(sagas, JSON.stringify({ definition: 'a-deadline', id, input: ORDER }));
    const act = (action: object): Promise<Answer> =>
      post(`${sagas}/${id}/actions`, JSON.stringify({ ...action, actor: 'ada', reason: 'a test' }));
    await act({ action: 'suspend' });
    const problem = 'urn:skald:problem';
    expect(await act({ action: 'skip', step: 'no such' })).toMatchObject({ type: `${problem}:not_in_hand` });
    expect(await act({ action: 'terminate', step: 'reserve' })).toMatchObject({
      status: 400,
      type: `${problem}:invalid_input`,
    });
    expect(await statusOf(id)).toBe('suspended');
  });

  describe('an id in a path', () => {
    const CALLS: readonly (readonly [method: string, rest: string, body?: string])[] = [
      ['GET', ''],
      ['POST', '/signals', '{"signal":"approved","data":{}}'],
      ['POST', '/calls', '{"call":"x","request":{}}'],
      ['POST', '/cancel', '{"reason":"x"}'],
      ['POST', '/actions', '{"action":"suspend","actor":"x","reason":"x"}'],
    ];
    it.each(['%00', 'a%00b', 'a%0Ab', '%7F', '%', '%zz', '%ff', '%ed%a0%80', 'x'.repeat(201)])(
      '%.20s is answered with 400, whatever is asked',
      async (id) => {
        for (const [method, rest, body] of CALLS) {
          const answer = await send(method, `${sagas}/${id}${rest}`, body ? JSON_TYPE : {}, body);
          expect(answer.status).toBe(400);
          expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        }
      },
    );

    it.each(['.', '..'])('that no path can hold, %s, is refused when it is to be started', async (id) => {
      expect(await post(sagas, startText(id))).toMatchObject({
        status: 422,
        type: 'urn:skald:problem:invalid_id',
      });
    });

    it('may hold what must be escaped', async () => {
      const id = 'a/b?c#d%00 é';
      expect((await post(sagas, startText(id))).status).toBe(201);
      expect(await exists(id)).toBe(true);
    });
  });

  it.each([
    ['/dead-letters?limit=1e2', 400],
    ['/dead-letters?limit=0x10', 400],
    ['/dead-letters?limit=', 400],
    ['/dead-letters?limit=5&limit=6', 400],
    ['/dead-letters?topic[x]=1', 400],
    ['/dead-letters?topic=a%00b', 400],
    ['/dead-letters/a.b/0x1/0', 400],
    ['/dead-letters/a.b/99999999999999/0', 400],
    ['/dead-letters/a.b/0/1e3', 400],
    ['/nowhere%00', 404],
  ])('%s is answered with %i', async (path, status) => {
    const answer = await send('GET', `/api/v1/namespaces/${orchestrator.namespace}${path}`);
    expect(answer.status).toBe(status);
  });

  it('answers are not taken for anything else, nor read by pages of other sites', async () => {
    const { headers } = await send('GET', '/health/live');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['x-powered-by']).toBeUndefined();
  });
});
