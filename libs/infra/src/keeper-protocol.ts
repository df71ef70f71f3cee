import type { InfraSecurity, InfraService as Service } from './infra.js';
import type { ServerAddress } from './local-server.js';

export type { InfraService as Service } from './infra.js';

/** What the process that called `startInfra` asks its keeper. When the channel closes, that means `stop`, too. */
export type KeeperRequest =
  | { readonly kind: 'start'; readonly service: Service; readonly security: InfraSecurity | undefined }
  /** `pause` ends a server and keeps its port and its data; `resume` starts it on them again. */
  | { readonly kind: 'pause' | 'resume'; readonly service: Service }
  | { readonly kind: 'stop' };

/** What the keeper tells. That it has stopped everything, it tells by ending. */
export type KeeperEvent =
  | { readonly kind: 'progress'; readonly line: string }
  /** For the first time, or again; `address` is `host:port` for Kafka and a url for PostgreSQL. */
  | ({ readonly kind: 'started'; readonly service: Service; readonly pid: number } & ServerAddress)
  | { readonly kind: 'paused'; readonly service: Service }
  /** This machine lacks what it takes; `reason` says what to install. */
  | { readonly kind: 'unavailable'; readonly service: Service; readonly reason: string }
  | { readonly kind: 'failed'; readonly service: Service; readonly message: string }
  /** A server ended that nobody stopped. */
  | { readonly kind: 'lost'; readonly service: Service; readonly message: string };

const REQUESTS = new Set<unknown>(['start', 'pause', 'resume', 'stop'] satisfies KeeperRequest['kind'][]);
const EVENTS = new Set<unknown>([
  'progress',
  'started',
  'paused',
  'unavailable',
  'failed',
  'lost',
] satisfies KeeperEvent['kind'][]);

/** Both ends are of the same build: the kind tells the rest. */
export function isKeeperRequest(message: unknown): message is KeeperRequest {
  return typeof message === 'object' && message !== null && 'kind' in message && REQUESTS.has(message.kind);
}

export function isKeeperEvent(message: unknown): message is KeeperEvent {
  return typeof message === 'object' && message !== null && 'kind' in message && EVENTS.has(message.kind);
}
