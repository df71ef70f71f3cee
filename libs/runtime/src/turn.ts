import {
  type AnySaga,
  type CallAnswer,
  type CommandRef,
  definitionRef,
  historyEntry,
  isDetail,
  isEnded,
  isSameJson,
  type JsonObject,
  lifecycleIdOf,
  type OperatorNote,
  type OutgoingMessage,
  owedMessage,
  removedMessage,
  type SagaEvent,
  type SagaInstance,
  SkaldError,
  type Transition,
  transition,
} from '@skald/core';
import {
  type Changes,
  type HistoryRecord,
  type InstanceKey,
  keyText,
  type Log,
  pastStartText,
  type PostponedWakeup,
  type RemovedInstance,
  RequestRefusedError,
  stackOf,
  UnknownDefinitionError,
  type Update,
} from '@skald/ports';
import { checkedWork } from './checked-work.js';
import type { DefinitionRegistry } from './definition-registry.js';
import { commandOf, type Fault, faultOf, isNeeded, refusalOfFaulty } from './faulty-work.js';
import { UnusableMessageError } from './inbound.js';
import { keptFor, type LiveDefinitions } from './live-definitions.js';
import { isUndoOf, standingOf } from './parents.js';
import type { Patience } from './patience.js';
import { traceOf } from './removal.js';
import type { ElsewhereWork, OutsideWork, StartWork, UndoWork, Work } from './work.js';

/** An instance met a definition of its name and version whose structure is not the one it was started with. */
export class DefinitionChangedError extends SkaldError {
  readonly code = 'definition_changed';
}

/**
 * An instance has another structure than this process's definition. Whether another process knows that structure must be
 * asked anew before the instance is suspended: decide again when it is known.
 */
export class StaleViewError extends Error {}

/** What one piece of work came to. */
export type WorkResult =
  | { readonly kind: 'started'; readonly instance: SagaInstance; readonly isNew: boolean }
  | { readonly kind: 'applied'; readonly instance: SagaInstance; readonly answer?: CallAnswer }
  /** A duplicate, a late reply, a reply for nothing that is pending. */
  | { readonly kind: 'ignored' }
  /** Kept for a process that knows the definition. */
  | { readonly kind: 'parked' }
  /** Another process has to do it, whose definition this is. What came without a message cannot be kept for it. */
  | { readonly kind: 'elsewhere'; readonly definition: string }
  | { readonly kind: 'refused'; readonly error: unknown }
  /** A copy of the start of a saga that is removed since. It has had its effect. */
  | { readonly kind: 'gone'; readonly error: RequestRefusedError };

export interface TurnSurroundings {
  readonly definitions: DefinitionRegistry;
  readonly live: LiveDefinitions;
  readonly log: Log;
  readonly random: () => number;
  /** Publishes every step, not only what happens to the saga as a whole. */
  readonly everyStep: boolean;
  /** How long it is kept who removed an instance, when and why. */
  readonly traceRetentionMs: number;
  /** Says what is due and does not count yet. Absent: everything counts. */
  readonly patience?: Patience;
  /** Another engine, for tests that break it. */
  readonly transition?: typeof transition;
}

/**
 * Decides one turn in memory, between loading and saving: applies work to instances one piece after the other and
 * gathers what has to be written and sent.
 */
export class DecidedTurn {
  private readonly instances = new Map<string, SagaInstance>();
  private readonly definitions = new Map<string, AnySaga>();
  private readonly loadedRevisions = new Map<string, number>();
  private readonly touched = new Set<string>();
  private readonly removed = new Map<string, RemovedInstance>();
  private readonly parked: NonNullable<Changes['parked']>[number][] = [];
  private readonly postponed: PostponedWakeup[] = [];
  private readonly history: HistoryRecord[] = [];
  /** Ids of owed messages by the instance that they are derived from. */
  private readonly owed = new Map<string, Set<string>>();
  /** By which messages new instances were begun. */
  private readonly startIds = new Map<string, string>();

  constructor(
    loaded: readonly SagaInstance[],
    private readonly now: number,
    private readonly around: TurnSurroundings,
    /** The other processes were asked just now what they know. */
    private readonly isViewFresh = false,
    /** Starts whose sagas are removed since, as `pastStartText` writes them. */
    private readonly pastStarts: ReadonlySet<string> = new Set(),
  ) {
    for (const instance of loaded) {
      this.instances.set(keyText(instance), instance);
      this.loadedRevisions.set(keyText(instance), instance.revision);
    }
  }

  apply(work: Work): WorkResult {
    try {
      switch (work.kind) {
        case 'start':
          return this.start(work);
        case 'undo':
          return this.undo(work);
        case 'elsewhere':
          return this.elsewhere(work.definition, work);
        default:
          return this.outside(work);
      }
    } catch (error) {
      if (error instanceof StaleViewError) throw error;
      return this.failed(work, error);
    }
  }

  /**
   * Suspends an instance with a defect: it cannot go on by itself. Does nothing where there is none, or where its definition
   * is not known here.
   *
   * @param command on which it is stuck, where it is one
   */
  suspend(key: InstanceKey, fault: Fault, command?: CommandRef): void {
    const instance = this.instances.get(keyText(key));
    const definition = instance && this.around.definitions.byReference(definitionRef(instance.definition));
    if (instance === undefined || definition === undefined) return;
    const place = command && { step: command.step, direction: command.direction };
    const failure = { step: '', ...place, outcome: 'defect', ...fault } as const;
    this.changeUnchecked(definition, instance, { kind: 'defect', failure, ...this.occurrence() });
  }

  /**
   * Applies a due timer. A definition that no longer fits suspends the instance, where a person sees it.
   *
   * @param unsentMs how long its commands wait at least that may not be sent yet. Absent: all are sent.
   */
  wake(instance: SagaInstance, unsentMs?: number): void {
    const definition = this.definitionOf(instance, definitionRef(instance.definition));
    // Another process's, which knows its structure.
    if (definition === undefined) return;
    try {
      const { at, random } = this.occurrence();
      const fits = instance.definition.hash === definition.hash;
      const postponed =
        fits && this.around.patience?.postponed(definition, instance, { now: at, random, unsentMs });
      this.change(definition, instance, { kind: 'timer', at, random, ...postponed });
    } catch (error) {
      // That one has suspended it already.
      if (!(error instanceof DefinitionChangedError)) this.suspend(instance, faultOf(error));
    }
  }

  /** Suspends an instance whose definition is not the one that it was started with. */
  suspendUnfit(definition: AnySaga, instance: SagaInstance, message: string): void {
    const failure = { step: '', outcome: 'defect', code: 'definition_changed', message } as const;
    this.changeUnchecked(definition, instance, { kind: 'defect', failure, ...this.occurrence() });
  }

  /** Removes an instance that ended longer ago than it is kept, with its history, and says so. */
  remove(instance: SagaInstance): void {
    const key = keyText(instance);
    this.leaveTrace(instance, undefined);
    this.addOwed(key, lifecycleIdOf(instance, 'removed', instance.revision + 1));
  }

  changes(settled: readonly string[]): Changes {
    const created: SagaInstance[] = [];
    const startIds: (string | null)[] = [];
    const updated: Update[] = [];
    for (const key of this.touched) {
      const instance = this.instances.get(key);
      if (instance === undefined || this.removed.has(key)) continue;
      const fromRevision = this.loadedRevisions.get(key);
      if (fromRevision === undefined) {
        created.push(instance);
        startIds.push(this.startIds.get(key) ?? null);
      } else updated.push({ instance, fromRevision });
    }
    return {
      created,
      startIds,
      updated,
      history: this.history.filter(({ key }) => !this.removed.has(keyText(key))),
      owed: [...this.owed.values()].flatMap((ids) => [...ids]),
      settled,
      removed: [...this.removed.values()],
      parked: this.parked,
      postponed: this.postponed,
    };
  }

  /** The messages that the turn owes, as the instances stand at its end, and whether these are all of them. */
  messages(): { readonly messages: readonly OutgoingMessage[]; readonly isWhole: boolean } {
    const messages: OutgoingMessage[] = [];
    let isWhole = true;
    for (const [key, ids] of this.owed) {
      const instance = this.instances.get(key);
      const definition = this.definitions.get(key);
      if (instance === undefined) continue;
      for (const id of ids) {
        try {
          const message = definition ? owedMessage(definition, instance, id) : removedMessage(id);
          if (message !== undefined) messages.push(message);
        } catch (error) {
          // It could be made when it was decided: its definition does not give the same each time. The relay ends it.
          isWhole = false;
          this.around.log.warn(`${id} cannot be made any more: ${faultOf(error).message}`);
        }
      }
    }
    return { messages, isWhole };
  }

  /** What was refused on purpose, or could not be decided at all: then nothing of it is left in this turn. */
  private failed(work: Work, error: unknown): WorkResult {
    if (error instanceof SkaldError || error instanceof UnusableMessageError)
      return { kind: 'refused', error };
    const fault = faultOf(error);
    this.around.log.error(
      `the ${work.kind} for saga '${work.key.id}' is refused for good: ${fault.message}`,
      stackOf(error),
    );
    if (isNeeded(work)) this.suspend(work.key, fault, commandOf(work));
    return { kind: 'refused', error: refusalOfFaulty(work, error) };
  }

  private start(work: StartWork): WorkResult {
    const present = this.instances.get(keyText(work.key));
    if (this.parentStanding(work, work.parentCommand) === 'over' && present === undefined) {
      // Its parent has turned back, and compensates it as what has never been.
      return { kind: 'ignored' };
    }
    if (present === undefined) {
      const { key, startId } = work;
      if (startId !== undefined && this.pastStarts.has(pastStartText({ key, startId }))) {
        return { kind: 'gone', error: removedSince(key) };
      }
      const { namespace, id } = key;
      const { instance } = this.change(work.definition, null, {
        kind: 'started',
        namespace,
        id,
        input: work.input,
        ...(work.parentCommand !== undefined && { parentCommand: work.parentCommand }),
        ...(work.requestId !== undefined && { requestId: work.requestId }),
        ...this.occurrence(),
      });
      if (startId !== undefined) this.startIds.set(keyText(key), startId);
      return { kind: 'started', instance, isNew: true };
    }
    // A copy of a child's start, or one that comes after the mark which its compensation has left.
    const isSameChild = work.parentCommand !== undefined && present.parent?.doId === work.parentCommand;
    const isSame =
      work.parentCommand === undefined &&
      present.parent === undefined &&
      present.definition.name === work.definition.name &&
      isSameJson(present.input, work.input);
    if (!isSame && !isSameChild) {
      throw new RequestRefusedError(
        'saga_exists',
        `saga '${work.key.id}' exists already with another definition or other input; choose another id`,
      );
    }
    if (isEnded(present.status)) this.announceAgain(work.definition, present);
    return { kind: 'started', instance: present, isNew: false };
  }

  /** Whether a parent saga waits for its child, of work that says so. @throws RequestRefusedError when it never asked for it */
  private parentStanding(
    { key, parent }: StartWork | UndoWork,
    command: string | undefined,
  ): 'open' | 'over' {
    if (command === undefined) return 'open';
    const instance = parent && this.instances.get(keyText(parent));
    const standing = standingOf(instance, command, key.id);
    if (standing !== 'unknown') return standing;
    throw new RequestRefusedError('unknown_parent', `no saga has sent this command for a child '${key.id}'`);
  }

  private undo(work: UndoWork & Pick<Work, 'message'>): WorkResult {
    const { key, reference, parentCommand, parentUndo } = work;
    this.parentStanding(work, parentUndo);
    this.parentStanding(work, parentCommand);
    if (!isUndoOf(parentUndo, parentCommand)) {
      throw new RequestRefusedError(
        'wrong_compensates',
        `the undo of a child must name in 'compensates' the command by which its parent has started '${key.id}'`,
      );
    }
    const present = this.instances.get(keyText(key)) ?? null;
    const own =
      present === null
        ? this.around.definitions.byReference(reference)
        : this.definitionOf(present, definitionRef(present.definition));
    if (own === undefined) {
      if (present !== null) return this.elsewhere(keptForInstance(present), work);
      const { live } = this.around;
      if (live.isKnownElsewhere(reference)) return this.elsewhere(reference, work);
      throw new UnknownDefinitionError(reference, live.references());
    }
    const event = { kind: 'undone', ...key, parentCommand, parentUndo, ...this.occurrence() } as const;
    const after = this.change(own, present, event);
    // Its parent waits for an answer, and is told no.
    if (after.refused !== undefined) {
      throw new RequestRefusedError(after.refused.code, after.refused.message);
    }
    return after.instance === present ? { kind: 'ignored' } : { kind: 'applied', instance: after.instance };
  }

  private outside(work: Exclude<Work, StartWork | UndoWork | ElsewhereWork>): WorkResult {
    const instance = this.instances.get(keyText(work.key));
    if (instance === undefined) return this.withoutInstance(work);
    const reference = definitionRef(instance.definition);
    // A reply to a command of another definition was meant for an earlier saga of this id.
    if (work.kind === 'reply' && work.command.definition !== reference) return this.withoutInstance(work);
    const definition = this.definitionOf(instance, reference);
    if (definition === undefined) return this.elsewhere(keptForInstance(instance), work);
    const clean = checkedWork(definition, instance, work);
    const after = this.change(definition, instance, eventOf(clean, this.now, this.around.random()));
    if (after.refused !== undefined) {
      throw new RequestRefusedError(after.refused.code, after.refused.message);
    }
    if (after.answer !== undefined) {
      return { kind: 'applied', instance: after.instance, answer: after.answer };
    }
    // A copy of a cancel is told what came of the first.
    const isIgnored = after.instance === instance && work.kind !== 'cancel';
    return isIgnored ? { kind: 'ignored' } : { kind: 'applied', instance: after.instance };
  }

  private withoutInstance(work: Exclude<Work, StartWork | UndoWork | ElsewhereWork>): WorkResult {
    if (work.kind !== 'reply') {
      throw new RequestRefusedError(
        'unknown_saga',
        `there is no saga '${work.key.id}'; it never was or is removed`,
      );
    }
    const { definitions, live } = this.around;
    const { definition } = work.command;
    if (definitions.byReference(definition) === undefined && !live.isKnownElsewhere(definition)) {
      throw this.unknown(definition);
    }
    return { kind: 'ignored' };
  }

  /**
   * The definition that an instance was started with. Nothing when this process does not have it, and another one may:
   * because it is unknown here, or because a live process has this very structure and this one another.
   *
   * @throws StaleViewError when the others must be asked first
   */
  private definitionOf(instance: SagaInstance, reference: string): AnySaga | undefined {
    const { definitions, live } = this.around;
    const definition = definitions.byReference(reference);
    if (definition === undefined || definition.hash === instance.definition.hash) return definition;
    if (isEnded(instance.status)) return definition;
    if (live.isKnownElsewhere(keptForInstance(instance))) return undefined;
    if (!this.isViewFresh) throw new StaleViewError();
    return definition;
  }

  private elsewhere(definition: string, { message }: Pick<Work, 'message'>): WorkResult {
    if (message === undefined) return { kind: 'elsewhere', definition };
    this.parked.push({ definition, message });
    return { kind: 'parked' };
  }

  private unknown(reference: string): UnusableMessageError {
    const known = this.around.live.references().join(', ') || 'none';
    return new UnusableMessageError(
      'unknown_definition',
      `there is no saga '${reference}' here; known: ${known}`,
    );
  }

  /** Whoever starts a saga again that has ended wants to know how: its last event goes out once more, same id. */
  private announceAgain(definition: AnySaga, instance: SagaInstance): void {
    this.owe(definition, keyText(instance), lifecycleIdOf(instance, instance.status));
  }

  private change(definition: AnySaga, before: SagaInstance | null, event: SagaEvent): Transition {
    if (before !== null && before.definition.hash !== definition.hash && !isEnded(before.status)) {
      const text = changedText(definition, before.id);
      this.suspendUnfit(definition, before, text);
      throw new DefinitionChangedError(text);
    }
    return this.changeUnchecked(definition, before, event);
  }

  private changeUnchecked(definition: AnySaga, before: SagaInstance | null, event: SagaEvent): Transition {
    const { transition: decide = transition } = this.around;
    const after = decide(definition, before, event);
    if (after === null) throw new Error(`event '${event.kind}' for an instance that was not started`);
    if (after.instance === before) {
      if (after.wakeAt !== undefined) {
        const { namespace, id } = after.instance;
        this.postponed.push({ key: { namespace, id }, wakeAt: after.wakeAt });
      }
      return after;
    }
    if (event.kind === 'reply') this.around.patience?.answered(definition, event, this.now);
    const { namespace, id } = after.instance;
    const key = keyText(after.instance);
    // Whatever may throw comes before the first change.
    const entry = historyEntry(before, event, after);
    this.touched.add(key);
    this.instances.set(key, after.instance);
    this.history.push({ key: { namespace, id }, entry });
    const isAsked = event.kind === 'started' && event.requestId !== undefined;
    for (const effect of after.effects) {
      if (effect.kind === 'send') this.owe(definition, key, effect.commandId);
      if (effect.kind === 'answer') this.owe(definition, key, effect.id);
      if (
        effect.kind === 'publish' &&
        (this.around.everyStep || isAsked || !isDetail(effect.event) || effect.event === 'removed')
      ) {
        this.owe(definition, key, effect.id);
      }
      if (effect.kind === 'remove' && event.kind === 'operator') {
        this.leaveTrace(after.instance, event.note);
      }
    }
    return after;
  }

  private leaveTrace(instance: SagaInstance, by: OperatorNote | undefined): void {
    const key = keyText(instance);
    const trace = traceOf(instance, by, this.now, this.around.traceRetentionMs);
    const startId = this.startIds.get(key);
    this.removed.set(key, startId === undefined ? trace : { ...trace, startId });
  }

  private owe(definition: AnySaga, key: string, id: string): void {
    this.definitions.set(key, definition);
    this.addOwed(key, id);
  }

  private addOwed(key: string, id: string): void {
    const ids = this.owed.get(key);
    if (ids === undefined) this.owed.set(key, new Set([id]));
    else ids.add(id);
  }

  private occurrence(): { at: number; random: number } {
    return { at: this.now, random: this.around.random() };
  }
}

/** What a message for an instance is kept for: the structure that it was started with. */
function keptForInstance({ definition }: SagaInstance): string {
  return keptFor({ definition: definitionRef(definition), hash: definition.hash });
}

export function changedText(definition: AnySaga, sagaId: string): string {
  return (
    `the structure of '${definitionRef(definition)}' has changed since saga '${sagaId}' was started; ` +
    'restore it, and give the changed saga a new version'
  );
}

function eventOf(
  work: OutsideWork | Extract<Work, { kind: 'reply' }>,
  at: number,
  random: number,
): SagaEvent {
  switch (work.kind) {
    case 'reply': {
      const { command, attempt, outcome } = work;
      return { kind: 'reply', command, attempt, outcome, at, random };
    }
    case 'signal': {
      const { messageId, signal, data } = work;
      return { kind: 'signal', messageId, signal, data, at, random };
    }
    case 'call': {
      const { messageId, call, request } = work;
      return { kind: 'call', messageId, call, request: request as JsonObject, at, random };
    }
    case 'cancel':
      return {
        kind: 'cancel',
        reason: work.reason,
        ...(work.messageId !== undefined && { messageId: work.messageId }),
        at,
        random,
      };
    case 'operator':
      return { kind: 'operator', action: work.action, note: work.note, at, random };
  }
}

function removedSince({ id }: InstanceKey): RequestRefusedError {
  return new RequestRefusedError(
    'saga_removed',
    `this very request has started saga '${id}', which is removed since; send a new one to start another`,
  );
}
