import type { Program } from './program.js';
import type { ProgramGroup } from './program-group.js';

/** What a local server is started with. */
export interface LocalStart {
  readonly programs: ProgramGroup;
  /** Deleted at the end of the run. */
  readonly runFolder: string;
  readonly progress: (line: string) => void;
}

/** A local server that has said it is up. */
export interface LocalServer {
  /** `host:port` of Kafka, the url of PostgreSQL. */
  readonly address: string;
  readonly program: Program;
  /** Starts the program again, when it has ended, on the same port and data. */
  readonly restart: () => Promise<Program>;
}
