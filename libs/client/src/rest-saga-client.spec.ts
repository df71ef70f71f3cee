import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DefinitionError, saga } from '@skald/core';
import { ClientClosedError, NoAnswerError, RestError, SagaRefusedError } from './errors.js';
import { RestSagaClient } from './rest-saga-client.js';

class Order {
  item?: string;
}
const OrderSaga = saga('order', { version: 1, input: Order }).sleep('a while', '1s').build();

/** Answers are given by the test, in place of an orchestrator. */
describe('a saga client over REST', () => {
  let server: Server;
  let url: string;
  let client: RestSagaClient;
  let bodies: string[];
  let answer: (response: ServerResponse, count: number, request: IncomingMessage) => void;

  beforeEach(async () => {
    bodies = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => answer(response, bodies.push(body), request));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new RestSagaClient({ namespace: 'shop', url });
  });
  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const start = (timeout: number = 5_000): Promise<unknown> =>
    client.start(OrderSaga, { id: 'o-1', input: {}, timeout });

  it('says after its time that nobody answered', async () => {
    answer = () => undefined;
    const error = await start(50).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NoAnswerError);
    expect(error).toMatchObject({ code: 'no_answer', sagaId: 'o-1' });
  });

  it.each([502, 503, 504])('asks again, the same, while it is answered %i', async (status) => {
    answer = (response, count) => response.writeHead(count < 3 ? status : 202).end();
    await client.cancel('o-1', 'a test');
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies).size).toBe(1);
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ reason: 'a test', messageId: expect.any(String) });
  });

  it('asks again when the connection breaks before the answer', async () => {
    answer = (response, count) => (count < 2 ? response.destroy() : response.writeHead(200).end('{}'));
    await start();
    expect(bodies).toHaveLength(2);
  });

  it('says at the end of the time what the last answer was', async () => {
    answer = (response) => response.writeHead(503).end();
    await expect(start(300)).rejects.toThrow(/not answered within 300 ms \(the last answer was 503\)/);
  });

  it('hands on a refusal with its problems', async () => {
    const problem = {
      type: 'urn:skald:problem:invalid_input',
      detail: 'the input is invalid',
      errors: ['a', 'b'],
    };
    answer = (response) => response.writeHead(422).end(JSON.stringify(problem));
    const error = await start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SagaRefusedError);
    expect(error).toMatchObject({ code: 'invalid_input', message: problem.detail, problems: ['a', 'b'] });
  });

  it.each([
    [500, '{"type":"about:blank","detail":"the log says what"}', /answered 500: the log says what/],
    [200, '<html>', /answered 200: what it says is not JSON/],
    [404, '', /answered 404: Not Found/],
  ])('tells a %i that says nothing about the saga from a refusal', async (status, body, text) => {
    answer = (response) => response.writeHead(status).end(body);
    const error = await start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RestError);
    expect(error).toMatchObject({ code: 'rest_error', status, message: expect.stringMatching(text) });
  });

  it('ends what is under way when it is closed', async () => {
    answer = () => undefined;
    const asked = start();
    await client.close();
    await expect(asked).rejects.toBeInstanceOf(ClientClosedError);
  });

  it.each(['', 'localhost:3000', 'ftp://localhost', 'http://'])('refuses the address %j', (wrong) => {
    expect(() => new RestSagaClient({ namespace: 'shop', url: wrong })).toThrow(DefinitionError);
  });
});
