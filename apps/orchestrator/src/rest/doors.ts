import { isRecord, JsonTextError, readJson } from '@skald/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import type { HostCheck } from './host-check.js';
import { ProblemException } from './problem.js';

/**
 * Half of what Kafka takes as one message by default: what a saga makes of its input, its commands with their attributes,
 * shall still fit.
 */
const MOST_BYTES = 512 * 1_024;

type Door = (request: Request, response: Response, next: NextFunction) => void;

/**
 * What a request must pass before anything looks at it. The interface asks for no password, and listens where a browser on
 * the same machine can reach it; so whatever page somebody has open must not be able to start, cancel or remove sagas:
 *
 * - the host must be called by a name that it knows, see `HostCheck`;
 * - what changes something must not come from a page of another origin;
 * - what has a body must say that it is JSON, which a page cannot send elsewhere without being allowed to, and nobody is.
 *
 * Then the body is read by the same parser as messages are.
 */
export function openDoors(app: NestExpressApplication, hosts: HostCheck): void {
  app.use(answersForNobodyElse);
  app.use(calledByName(hosts));
  app.use(fromNoOtherSite);
  app.use(inJson);
  app.useBodyParser('raw', { type: () => true, limit: MOST_BYTES });
  app.use(readBody);
}

const answersForNobodyElse: Door = (_request, response, next) => {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  next();
};

function calledByName(hosts: HostCheck): Door {
  return (request, _response, next) => {
    if (hosts.isAllowed(request.headers.host)) return next();
    const detail = 'this server is not known by that name; add it to HTTP_ALLOWED_HOSTS if it is right';
    next(new ProblemException(421, 'unknown_host', 'Unknown host', detail));
  };
}

const fromNoOtherSite: Door = (request, _response, next) => {
  if (!changes(request) || isFromOwnSite(request)) return next();
  const detail = 'pages of other origins may not change anything here';
  next(new ProblemException(403, 'cross_site', 'Request from another site', detail));
};

/** Programs send neither header; a browser sends the origin with everything but GET and HEAD. */
function isFromOwnSite({ headers }: Request): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  const { origin } = headers;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === headers.host);
}

const inJson: Door = (request, _response, next) => {
  const type = request.headers['content-type'];
  const isGood = type === undefined ? !hasBody(request) : JSON_TYPE.test(type);
  if (!changes(request) || isGood) return next();
  const detail = 'send JSON in UTF-8, and say so: content-type: application/json';
  next(new ProblemException(415, 'not_json', 'The body is not JSON', detail));
};

const JSON_TYPE = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

const readBody: Door = (request, _response, next) => {
  const { body } = request as { body: unknown };
  if (!Buffer.isBuffer(body) || body.length === 0 || !changes(request)) {
    request.body = undefined;
    return next();
  }
  try {
    request.body = objectIn(body);
  } catch (error) {
    return next(error);
  }
  next();
};

/** @throws ProblemException */
function objectIn(body: Buffer): object {
  let value: unknown;
  try {
    value = readJson(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw malformed(error instanceof JsonTextError ? error.message : 'it is not UTF-8');
  }
  if (!isRecord(value)) throw malformed('it must be a JSON object');
  return value;
}

function malformed(problem: string): ProblemException {
  return new ProblemException(400, 'malformed_body', 'The body is malformed', `the body: ${problem}`);
}

function changes({ method }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
