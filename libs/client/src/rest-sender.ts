import { isRecord } from '@skald/core';
import { messageOf } from '@skald/ports';
import { type Asked, ClientClosedError, NoAnswerError, RestError, SagaRefusedError } from './errors.js';
import type { TimeLimit } from './time-limit.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** A proxy that has no orchestrator behind it now, or an orchestrator that has no database. */
const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Sends requests to the REST interface, and sends them again while nobody is there to answer. Each names what it wants by
 * an id, so the same request counts once however often it arrives.
 */
export class RestSender {
  /** Ends each request that is under way. */
  private readonly underWay = new Map<AbortController, (error: Error) => void>();
  private isClosed = false;

  constructor(
    private readonly base: string,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  close(): void {
    this.isClosed = true;
    for (const end of this.underWay.values()) end(new ClientClosedError());
  }

  /**
   * @param body what is posted; without one it is a GET
   * @returns the body of the answer
   * @throws SagaRefusedError, RestError, NoAnswerError, ClientClosedError
   */
  async send(asked: Asked, path: string, body: object | undefined, limit: TimeLimit): Promise<unknown> {
    if (this.isClosed) throw new ClientClosedError();
    const over = new AbortController();
    const attempts: Attempts = { signal: over.signal };
    const closed = new Promise<never>((_, reject) => {
      this.underWay.set(over, reject);
    });
    try {
      const answered = this.untilAnswered(path, body, limit, attempts);
      return await limit.race(
        Promise.race([answered, closed]),
        () => new NoAnswerError(asked, limit.milliseconds, attempts.reason, { cause: attempts.failure }),
      );
    } finally {
      this.underWay.delete(over);
      over.abort();
    }
  }

  private async untilAnswered(
    path: string,
    body: object | undefined,
    limit: TimeLimit,
    attempts: Attempts,
  ): Promise<unknown> {
    const request: RequestInit = {
      method: body === undefined ? 'GET' : 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', ...this.headers },
      signal: attempts.signal,
      ...(body && { body: JSON.stringify(body) }),
    };
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const answer = await this.attempt(path, request, attempts);
      if (answer !== undefined) return readAnswer(answer);
      await limit.pause(pause);
    }
  }

  /** @returns nothing when nobody is there who could answer */
  private async attempt(path: string, request: RequestInit, attempts: Attempts): Promise<Answer | undefined> {
    try {
      const response = await fetch(`${this.base}${path}`, request);
      const { status, statusText } = response;
      const text = await response.text();
      if (!AWAY.has(status)) return { status, statusText, text };
      attempts.reason = `the last answer was ${status}`;
    } catch (error) {
      if (attempts.signal.aborted) throw error;
      // `fetch` throws for connections that fail only; what failed is said by the cause.
      attempts.reason = messageOf(isRecord(error) ? (error['cause'] ?? error) : error);
      attempts.failure = error;
    }
    return undefined;
  }
}

/** How the attempts to send one request go. */
interface Attempts {
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  reason?: string;
  failure?: unknown;
}

interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly text: string;
}

function readAnswer({ status, statusText, text }: Answer): unknown {
  let answer: unknown;
  try {
    answer = text === '' ? undefined : JSON.parse(text);
  } catch {
    throw new RestError(status, 'what it says is not JSON; is this the address of an orchestrator?');
  }
  if (status < 300) return answer;
  const problem = isRecord(answer) ? answer : {};
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : statusText;
  const code = /^urn:skald:problem:(.+)$/.exec(String(problem['type']))?.[1];
  if (code === undefined) throw new RestError(status, detail);
  const errors = Array.isArray(problem['errors']) ? problem['errors'].map(String) : [];
  throw new SagaRefusedError(code, detail, errors);
}
