import type { InfraSecurity, SecuredBrokers } from './infra.js';
import type { Program } from './program.js';
import type { ProgramGroup } from './program-group.js';

/** What a local server is started with. */
export interface LocalStart {
  readonly programs: ProgramGroup;
  /** Deleted at the end of the run. */
  readonly runFolder: string;
  readonly security?: InfraSecurity | undefined;
  readonly progress: (line: string) => void;
}

export interface ServerAddress {
  /** `host:port` of Kafka, the url of PostgreSQL. */
  readonly address: string;
  /** Of Kafka, when it was asked for security. */
  readonly secured?: SecuredBrokers;
}

/** A local server that has said it is up. */
export interface LocalServer extends ServerAddress {
  readonly program: Program;
  /** Starts the program again, when it has ended, on the same port and data. */
  readonly restart: () => Promise<Program>;
}
