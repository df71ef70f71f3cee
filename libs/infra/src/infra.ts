/** Where a server was found: named by the environment, in Docker, or as a process of this machine. */
export type Origin = 'environment' | 'docker' | 'local';

export type InfraService = 'kafka' | 'postgres';

/** What the servers ask for on the ports that are secured. */
export interface InfraSecurity {
  /** The one user of Kafka's secured ports, with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512: letters and digits. */
  readonly username: string;
  /** Letters and digits. */
  readonly password: string;
  /** The servers' private key (PKCS#8) and their certificate, in one file in PEM. */
  readonly certificateFile: string;
}

/** Further ways to the same broker, each `host:port`. */
export interface SecuredBrokers {
  /** Asks for a login. */
  readonly login: string;
  /** Asks for a login, over TLS. */
  readonly loginOverTls: string;
}

export interface FoundKafka {
  /** `host:port`, one or more. */
  readonly brokers: string[];
  /** With `security` only. */
  readonly secured?: SecuredBrokers;
  readonly origin: Origin;
  /** For people: `Apache Kafka 4.1.1, local JVM`. */
  readonly description: string;
}

export interface FoundPostgres {
  /** `postgres://user:password@host:port/database`, of a user that may create databases. */
  readonly url: string;
  readonly origin: Origin;
  /** For people: `PostgreSQL 18.4, embedded`. The version is the one the server tells. */
  readonly description: string;
}

/** A process of this machine that runs for this {@link Infra} and ends with it. */
export interface InfraProcess {
  readonly name: string;
  readonly pid: number;
}

/** What `startInfra` found or started. */
export interface Infra {
  /** Absent when it was not asked for, or for the reason in {@link kafkaUnavailable}. */
  readonly kafka?: FoundKafka;
  /** Absent only when it was not asked for. */
  readonly postgres?: FoundPostgres;
  /** Why Kafka was asked for and is missing: a sentence that says what to install. */
  readonly kafkaUnavailable?: string;
  /** The local processes, the keeper among them. Empty when nothing was started here; Docker's are not listed. */
  readonly processes: readonly InfraProcess[];

  /**
   * Creates a database unless it exists, and returns its url.
   * @param name 1 to 63 bytes; any characters.
   * @throws {InfraError} `NOT_STARTED` without PostgreSQL; `INVALID_SETTING` for a bad name;
   *   `NO_ANSWER` when the user of `DATABASE_URL` may not create databases.
   */
  createDatabase(name: string): Promise<string>;

  /** Drops a database if it exists, and ends the sessions in it. It does so on the server of `DATABASE_URL`, too. */
  dropDatabase(name: string): Promise<void>;

  /**
   * Takes a server away as an outage does: ends it at once and keeps its port and its data. For tests.
   * @throws {InfraError} `NOT_SUPPORTED` for a server that the environment named: it is not ours to stop.
   */
  pause(service: InfraService): Promise<void>;

  /**
   * Starts a paused server again, on the same port and data. Resolves when it answers.
   * @throws {InfraError} `NOT_SUPPORTED` as above; `START_FAILED` or `NO_ANSWER` when it does not come up.
   */
  resume(service: InfraService): Promise<void>;

  /**
   * Stops what was started here, never what the environment named. Resolves when the processes are gone and their
   * data is deleted, usually within a second; may be called more than once.
   */
  stop(): Promise<void>;
}

export interface InfraOptions {
  /** Default true. */
  readonly kafka?: boolean;
  /** Default true. */
  readonly postgres?: boolean;
  /** Whether to look for Docker. Default true; false is for measurements that shall run on the bare machine. */
  readonly docker?: boolean;
  /**
   * Servers of this machine that can be reached in secured ways, too, for tests of those: Kafka on further ports,
   * PostgreSQL with TLS on the one it has. Docker is not asked then. Default: none.
   */
  readonly security?: InfraSecurity;
  /** Read for `KAFKA_BROKERS`, `DATABASE_URL`, `JAVA_HOME`, `XDG_CACHE_HOME`, `PATH`. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called with one line of text for each thing worth knowing, at least every 5 s. Default: writes to stderr. */
  readonly onProgress?: (line: string) => void;
}
