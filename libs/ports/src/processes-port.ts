import type { Message } from '@skald/core';

/** A process that has not beaten for so long does not count as alive any more. */
export const ALIVE_MS = 15_000;
/** What a process noted that has not beaten for so long is forgotten even by those who are patient. */
export const REMEMBERED_MS = 86_400_000;
/** A kept message that was taken up and not done with for so long is taken up again, by whoever is first. */
export const TAKEN_MS = 15_000;
/** How long a request from inside a process waits for another process to take it up. */
export const ASKED_MS = 10_000;

/** A process that runs sagas, as it tells the others of its namespace. */
export interface ProcessNote {
  /** Another one each time that an engine starts. */
  readonly id: string;
  /** Where it runs, for people. */
  readonly label: string;
  /** What it can run. */
  readonly definitions: readonly NotedDefinition[];
  /** It has not beaten for `ALIVE_MS`: it is gone, or the store was away. */
  readonly isSilent?: true;
}

export interface NotedDefinition {
  /** `name@version` */
  readonly definition: string;
  readonly hash: string;
}

/** A message that waits for a process which knows its definition. */
export interface KeptMessage {
  readonly row: string;
  readonly message: Message;
  /** It came from inside another process, which waits for the answer. */
  readonly isAsked: boolean;
}

/** How many messages are kept for one definition. */
export interface KeptCount {
  /** As they were kept for it, see `Changes.parked`. */
  readonly definition: string;
  readonly count: number;
  /** For how long the oldest has been kept, in milliseconds. */
  readonly oldestMs: number;
}

/** How a request stands that was handed to another process. */
export interface AskedRequest {
  readonly isTaken: boolean;
  /** What came of it, as `answer` was given it. */
  readonly answer?: unknown;
}

/**
 * What the processes of one namespace leave for each other in the store. In a deploy some know definitions that others do
 * not, and all share the topics: what one cannot work on, it keeps for one that can. All times are by the store's own clock.
 */
export interface Processes {
  /**
   * Notes that a process lives, and forgets those that have not done so for `ALIVE_MS`, and old requests whose asker
   * is gone.
   *
   * @param isPatient the store may have been away, and no process could say that it lives: those that have fallen silent are
   *   told of, too (the latest 100), and forgotten only after `REMEMBERED_MS`. Default: false
   * @returns all others of the namespace that live
   */
  beat(namespace: string, own: ProcessNote, isPatient?: boolean): Promise<ProcessNote[]>;
  /** Forgets a process that ends. */
  leave(id: string): Promise<void>;

  /**
   * Takes kept messages of these definitions up, oldest first. Nobody else gets them for `TAKEN_MS`; whoever is done with
   * them says so with `done`. A request from inside a process is taken up once, and only within `ASKED_MS`.
   *
   * @param definitions as messages were kept for them, see `Changes.parked`
   */
  take(namespace: string, definitions: readonly string[], limit: number): Promise<KeptMessage[]>;
  /** The messages that are kept, counted by definition. Not those whose asker waits inside another process. */
  countKept(namespace: string): Promise<KeptCount[]>;
  /** Forgets kept messages. */
  done(rows: readonly string[]): Promise<void>;
  /** Of these sagas, those whose start is kept, and for which definition. */
  keptStarts(namespace: string, sagaIds: readonly string[]): Promise<ReadonlyMap<string, string>>;

  /** Hands a request from inside this process to one that knows the definition. Returns its name. */
  ask(namespace: string, definition: string, request: Message): Promise<string>;
  /** Says what came of a request. Does nothing when its asker no longer waits. */
  answer(row: string, answer: object): Promise<void>;
  /** Nothing when there is no such request any more. */
  asked(row: string): Promise<AskedRequest | undefined>;
  /** Forgets a request: the asker has its answer, or waits no longer. Returns how it stood. */
  withdraw(row: string): Promise<AskedRequest | undefined>;
}
