import { describe, expect, it } from '@jest/globals';
import { StoreNotSetUpError, StoreUnavailableError, StoreUnusableError } from '@skald/ports';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ProblemFilter } from './problem.filter.js';

/** What whoever asked over REST is answered. */
function answerTo(error: unknown): { status?: number; body?: { type: string; detail: string } } {
  const sent: ReturnType<typeof answerTo> = {};
  const response = {
    status: (status: number) => {
      sent.status = status;
      return response;
    },
    type: () => response,
    send: (text: string) => {
      sent.body = JSON.parse(text);
      return response;
    },
  };
  const filter = new ProblemFilter();
  const answer = filter.catch.bind(filter);
  answer(error, new ExecutionContextHost([{}, response]));
  return sent;
}

describe('a request over REST that meets a database which cannot do its work', () => {
  it.each([
    ['is away', new StoreUnavailableError('it is away')],
    ['refuses the login', new StoreNotSetUpError('no such role')],
    [
      'has become unusable, such as behind a pooler',
      new StoreUnusableError('the address of the pooler is db-7'),
    ],
  ])('is told to try again where it %s, and nothing of what is around it', (_, error) => {
    const { status, body } = answerTo(error);
    expect(status).toBe(503);
    expect(body).toMatchObject({ type: 'urn:skald:problem:unavailable', detail: expect.any(String) });
    expect(JSON.stringify(body)).not.toMatch(/db-7|role/);
  });
});
