import { definitionRef, dueCommands, findNode, type SagaInstance } from '@skald/core';
import type { Clock, Log, OwnDefinitions, Store, StoreTurn } from '@skald/ports';
import type { DefinitionRegistry } from './definition-registry.js';
import type { FaultyWork } from './faulty-work.js';
import { owingOf } from './held-back.js';
import { keptFor, type LiveDefinitions } from './live-definitions.js';
import { isSent } from './patience.js';
import { Retention } from './retention.js';
import { runEach } from './run-each.js';
import { changedText } from './turn.js';
import type { TurnRunner } from './turn-runner.js';

const BATCH = 200;
/** What is owed now is sent so soon, or its sending has failed. */
const OWED_MS = 1_000;
/** So long a command waits at least that may lie behind many others. */
const BEHIND_MS = 10_000;

export interface UpkeepOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly definitions: DefinitionRegistry;
  readonly live: LiveDefinitions;
  readonly clock: Clock;
  readonly log: Log;
  readonly runner: TurnRunner;
  readonly faulty: FaultyWork;
  readonly pollMs: number;
  readonly retentionMs: number | undefined;
  /** Whether so much is still to be sent that looking through all of it takes long. */
  readonly isRelayBehind: () => boolean;
}

/** What an engine does without being asked. Each job says after how many milliseconds it wants to run next. */
export class Upkeep {
  private haveOthersChanged = false;
  private readonly retention: Retention;

  constructor(private readonly options: UpkeepOptions) {
    this.retention = new Retention(options);
  }

  /** Wakes instances whose time has come. */
  async wakeDue(): Promise<number> {
    const { namespace, definitions, live, store, clock, runner, faulty, pollMs } = this.options;
    const own = (): OwnDefinitions => ({
      definitions: definitions.references(),
      except: live.changedElsewhere(),
    });
    let unsent: ReadonlyMap<string, number>;
    const woken = await runEach(runner, {
      load: async (turn, arrived) => {
        const due = await turn.lockDue(namespace, own(), clock.now(), BATCH);
        unsent = await this.unsentOf(turn, due, arrived);
        return due;
      },
      act: (decided, instance) => decided.wake(instance, unsent.get(instance.id)),
      alone: (key, error) => faulty.putToSleep(key, error),
    });
    if (woken.faulty > 0) return pollMs;
    if (woken.count === BATCH) return 0;
    const next = await store.nextWakeup(namespace, own());
    return next === null ? pollMs : Math.min(pollMs, Math.max(1, next - clock.now()));
  }

  /** Of instances that are due: those with a command that may not be sent yet, and how long that one waits at least. */
  private async unsentOf(
    turn: StoreTurn,
    due: readonly SagaInstance[],
    arrived: readonly string[],
  ): Promise<ReadonlyMap<string, number>> {
    const { namespace, isRelayBehind } = this.options;
    const silent = due.filter((instance) => this.waitsForReply(instance));
    if (isRelayBehind()) return new Map(silent.map(({ id }) => [id, BEHIND_MS]));
    const owing = await owingOf(turn, namespace, silent, arrived);
    return new Map([...owing].map(({ id }) => [id, OWED_MS]));
  }

  /** Whether a command of it is not answered: its time may be up now, or when the turn is decided. */
  private waitsForReply(instance: SagaInstance): boolean {
    const definition = this.options.definitions.byReference(definitionRef(instance.definition));
    if (definition === undefined) return false;
    return dueCommands(instance, Number.POSITIVE_INFINITY).some(({ step, state }) => {
      const node = findNode(definition, step);
      return state === 'pending' && node !== undefined && isSent(node);
    });
  }

  /** Removes instances that ended longer ago than the namespace keeps them. */
  removeOld(): Promise<number> {
    return this.retention.sweep();
  }

  /** Drops what is kept of removed instances when its time is over. */
  async dropTraces(): Promise<number> {
    const { namespace, store, clock } = this.options;
    const dropped = await store.transact((turn) => turn.dropTraces(namespace, clock.now(), BATCH));
    return dropped === BATCH ? 100 : 3_600_000;
  }

  /** What others know has changed: a comparison that is under way may be of what they knew before. */
  othersChanged(): void {
    this.haveOthersChanged = true;
  }

  /**
   * Compares the running instances with the definitions of this process and with what the others know. Those whose
   * structure no live process has are reported; where this process has another structure in its place, they are suspended.
   * Once a day, so that what is forgotten is told of again.
   */
  async checkPinned(): Promise<number> {
    const { namespace, store, definitions, live, log } = this.options;
    this.haveOthersChanged = false;
    for (const { definition: reference, hash, count } of await store.pinned(namespace)) {
      const definition = definitions.byReference(reference);
      if (definition?.hash === hash || live.isKnownElsewhere(keptFor({ definition: reference, hash })))
        continue;
      if (definition === undefined) {
        log.warn(
          `${count} instances of '${reference}' wait for a process that knows it; none that lives does`,
        );
      } else {
        await this.suspendUnfit(reference, hash);
        log.error(
          `${count} instances of '${reference}' are suspended: its structure has changed since they started`,
        );
      }
    }
    return this.haveOthersChanged ? 0 : 86_400_000;
  }

  private async suspendUnfit(reference: string, hash: string): Promise<void> {
    const { namespace, definitions, runner, faulty } = this.options;
    const definition = definitions.byReference(reference);
    if (definition === undefined) return;
    for (let isMore = true; isMore;) {
      const { count, faulty: failed } = await runEach(runner, {
        load: (turn) => turn.lockPinned(namespace, reference, hash, BATCH),
        act: (decided, instance) => {
          decided.suspendUnfit(definition, instance, changedText(definition, instance.id));
        },
        alone: async (key, error) => faulty.tell(key, `saga '${key.id}' cannot be suspended`, error),
      });
      // Those that fail would only be found again.
      isMore = count === BATCH && failed < count;
    }
  }
}

/** In-flight instances that a set of definitions does not fit. */
export interface MisfitReport {
  readonly definition: string;
  readonly count: number;
  readonly problem: 'changed' | 'unknown';
}

/** Tells before a deploy which in-flight instances a build would not fit. */
export async function findMisfits(
  store: Store,
  namespace: string,
  definitions: DefinitionRegistry,
): Promise<MisfitReport[]> {
  const misfits: MisfitReport[] = [];
  for (const { definition: reference, hash, count } of await store.pinned(namespace)) {
    const definition = definitions.byReference(reference);
    if (definition === undefined) misfits.push({ definition: reference, count, problem: 'unknown' });
    else if (definition.hash !== hash)
      misfits.push({ definition: definitionRef(definition), count, problem: 'changed' });
  }
  return misfits;
}
