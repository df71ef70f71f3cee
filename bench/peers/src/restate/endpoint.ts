import './promise-with-resolvers.js';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  createEndpointHandler,
  TerminalError,
  type EndpointOptions,
  type LoggerTransport,
} from '@restatedev/restate-sdk';
import { answer, Rejected, type Order, type StepName, type StepReply } from '../order-saga.js';

/** Serves a service over HTTP/2, on which the SDK streams both ways, as is its default. Returns the url. */
export async function serve(service: EndpointOptions['services'][number]): Promise<{ url: string }> {
  const server = createServer(createEndpointHandler({ services: [service], logger }));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const logger: LoggerTransport = ({ level }, ...message) => {
  if (`${level}` === 'error') console.error(...message);
};

/** The step's answer; a rejection is what Restate does not try again. */
export function answerOrTerminate(step: StepName, order: Order): StepReply {
  try {
    return answer(step, order);
  } catch (error) {
    if (error instanceof Rejected) throw new TerminalError(error.message, { errorCode: 409 });
    throw error;
  }
}

export function isTerminal(error: unknown): error is TerminalError {
  return error instanceof TerminalError;
}
