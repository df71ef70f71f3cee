import { Agent, request } from 'node:http';

/** What Restate's ingress client uses of an answer. */
type LeanResponse = Pick<Response, 'ok' | 'status' | 'headers' | 'arrayBuffer' | 'text'>;

const agent = new Agent({ keepAlive: true });

/**
 * A `fetch` for Restate's ingress client that takes a third of the CPU of Node's own: the driver shares the machine with
 * the system, so what it saves is the system's.
 */
export const leanFetch = (async (url: string, init: RequestInit) => send(url, init)) as typeof fetch;

function send(url: string, { method, headers, body }: RequestInit): Promise<LeanResponse> {
  return new Promise((resolve, reject) => {
    const options = { agent, method, headers: headers as Record<string, string> };
    const call = request(url, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => resolve(responseOf(answer.statusCode ?? 0, Buffer.concat(chunks))));
    });
    call.once('error', reject);
    call.end(body);
  });
}

function responseOf(status: number, body: Buffer<ArrayBuffer>): LeanResponse {
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: new Headers(),
    arrayBuffer: async () => body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength),
    text: async () => body.toString(),
  };
}
