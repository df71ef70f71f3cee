import { type CommandRef, shortened } from '@skald/core';
import {
  type Clock,
  type InstanceKey,
  isEnvironments,
  keyText,
  type Log,
  messageOf,
  RequestRefusedError,
  stackOf,
  StoreTooSlowError,
  UnstorableError,
} from '@skald/ports';
import { UnusableMessageError } from './inbound.js';
import type { WorkResult } from './turn.js';
import type { TurnRunner } from './turn-runner.js';
import type { Work } from './work.js';

/** Why work cannot be done at any hour. The text is for people. */
export interface Fault {
  readonly code: string;
  readonly message: string;
}

export function faultOf(error: unknown): Fault {
  return error instanceof UnstorableError
    ? { code: 'unstorable', message: error.message }
    : { code: 'processing_failed', message: `handling it threw: ${shortened(messageOf(error), 300)}` };
}

/**
 * Whether its saga cannot go on without it. What is asked from outside can be refused, and the saga stays as it was: or
 * anybody's bad signal would stop it.
 */
export function isNeeded(work: Work): boolean {
  return work.kind === 'reply' || work.kind === 'undo';
}

/** The command that a piece of work answers. */
export function commandOf(work: Work): CommandRef | undefined {
  return work.kind === 'reply' ? work.command : undefined;
}

/** What whoever sent it is told, or reads on its dead letter. */
export function refusalOfFaulty(work: Work, error: unknown): Error {
  const { code, message } = faultOf(error);
  return work.kind === 'reply'
    ? new UnusableMessageError(code, `it could not be applied: ${message}`)
    : new RequestRefusedError('unusable', `it cannot be carried out: ${message}`);
}

/** A wake-up that fails, and cannot even be suspended, is tried again so much later. */
const PUT_OFF_MS = 60_000;
/** So many instances are remembered as told. */
const REMEMBERED = 1_000;

export interface FaultyWorkOptions {
  readonly runner: TurnRunner;
  readonly clock: Clock;
  readonly log: Log;
}

/** Ends for good what fails by itself whenever it is tried. Everything of it throws only when the store is away. */
export class FaultyWork {
  private readonly told = new Set<string>();
  private ended = 0;

  constructor(private readonly options: FaultyWorkOptions) {}

  /** How often something was ended here since the process began. */
  get count(): number {
    return this.ended;
  }

  /** Work is refused, and its saga suspended if that cannot go on without it. */
  async end(work: Work, error: unknown): Promise<WorkResult> {
    this.ended += 1;
    const { log } = this.options;
    const name = `the ${work.kind} for saga '${work.key.id}'`;
    log.error(`${name} is refused for good: ${faultOf(error).message}`, stackOf(error));
    if (isNeeded(work)) {
      const second = await this.suspend(work.key, error, commandOf(work));
      if (second !== undefined) log.error(`that saga cannot even be suspended: ${messageOf(second)}`);
    }
    return { kind: 'refused', error: refusalOfFaulty(work, error) };
  }

  /** An instance whose timer cannot be applied is suspended; if even that fails, its timer is put off, and others go first. */
  async putToSleep(key: InstanceKey, error: unknown): Promise<void> {
    this.ended += 1;
    const second = await this.suspend(key, error);
    this.tell(
      key,
      second === undefined
        ? `the timer of saga '${key.id}' failed, and it is suspended: ${faultOf(error).message}`
        : `the timer of saga '${key.id}' fails, and it cannot be suspended: ${faultOf(error).message}`,
      error,
    );
    if (second !== undefined) await this.attempt(() => this.putOff(key), error);
  }

  /** Logs what is wrong with an instance, once. */
  tell(key: InstanceKey, text: string, error: unknown): void {
    const place = keyText(key);
    if (this.told.has(place)) return;
    if (this.told.size >= REMEMBERED) this.told.clear();
    this.told.add(place);
    this.options.log.error(text, stackOf(error));
  }

  /** Suspends an instance that cannot go on by itself. */
  async stop(key: InstanceKey, fault: Fault, command?: CommandRef): Promise<void> {
    this.ended += 1;
    this.options.log.error(`saga '${key.id}' is suspended: ${fault.message}`);
    const error = await this.attempt(() => this.write(key, fault, command));
    if (error !== undefined)
      this.tell(key, `saga '${key.id}' cannot be suspended: ${messageOf(error)}`, error);
  }

  /** @returns what went wrong, if that instance is at fault itself */
  private suspend(key: InstanceKey, error: unknown, command?: CommandRef): Promise<unknown> {
    return this.attempt(() => this.write(key, faultOf(error), command), error);
  }

  private write(key: InstanceKey, fault: Fault, command?: CommandRef): Promise<void> {
    return this.options.runner.run(
      async (turn) => ({ instances: await turn.lock([key]) }),
      (decided) => decided.suspend(key, fault, command),
    );
  }

  private putOff(key: InstanceKey): Promise<void> {
    const { runner, clock } = this.options;
    return runner.run(
      async (turn) => ({ instances: await turn.lock([key]) }),
      () => undefined,
      () => ({ postponed: [{ key, wakeAt: clock.now() + PUT_OFF_MS }] }),
    );
  }

  /** @param cause of it all: what was too slow alone while other work got done may be so here again */
  private async attempt(work: () => Promise<void>, cause?: unknown): Promise<unknown> {
    try {
      await work();
      return undefined;
    } catch (error) {
      const isSlow = cause instanceof StoreTooSlowError && error instanceof StoreTooSlowError;
      if (isEnvironments(error) && !isSlow) throw error;
      return error;
    }
  }
}
