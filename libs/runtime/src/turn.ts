import {
  type AnySaga,
  canonicalJson,
  definitionRef,
  historyEntry,
  isEnded,
  lifecycleId,
  type OutgoingMessage,
  owedMessage,
  type SagaEvent,
  type SagaInstance,
  SkaldError,
  transition,
} from '@skald/core';
import { RequestRefusedError } from './errors.js';
import type { StartWork, Work } from './inbound.js';
import type { Changes, HistoryRecord, InstanceKey, Update } from './ports.js';

/** An instance met a definition of its name and version whose structure is not the one it was started with. */
export class DefinitionChangedError extends SkaldError {
  readonly code = 'definition_changed';
}

/** What one piece of work came to. */
export type WorkResult =
  | { readonly kind: 'started'; readonly instance: SagaInstance; readonly isNew: boolean }
  | { readonly kind: 'applied'; readonly instance: SagaInstance }
  /** A duplicate, a late reply, a reply for nothing that is pending. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'refused'; readonly error: unknown };

/**
 * Decides one turn in memory, between loading and saving: applies work to instances one piece after the other and
 * gathers what has to be written and sent.
 */
export class DecidedTurn {
  private readonly instances = new Map<string, SagaInstance>();
  private readonly definitions = new Map<string, AnySaga>();
  private readonly loadedRevisions = new Map<string, number>();
  private readonly touched = new Set<string>();
  private readonly history: HistoryRecord[] = [];
  /** Ids of owed messages by the instance that they are derived from. */
  private readonly owed = new Map<string, Set<string>>();

  constructor(
    loaded: readonly SagaInstance[],
    private readonly now: number,
    private readonly random: () => number,
  ) {
    for (const instance of loaded) {
      this.instances.set(keyText(instance), instance);
      this.loadedRevisions.set(keyText(instance), instance.revision);
    }
  }

  apply(work: Work): WorkResult {
    try {
      return work.kind === 'start' ? this.start(work) : this.reply(work);
    } catch (error) {
      return { kind: 'refused', error };
    }
  }

  /** Applies a due timer. A definition that no longer fits suspends the instance, where a person sees it. */
  wake(definition: AnySaga, instance: SagaInstance): void {
    try {
      this.change(definition, instance, { kind: 'timer', ...this.occurrence() });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const failure = { step: '', outcome: 'defect', code: 'definition_does_not_fit', message } as const;
      this.changeUnchecked(definition, instance, { kind: 'defect', failure, ...this.occurrence() });
    }
  }

  changes(settled: readonly string[]): Changes {
    const created: SagaInstance[] = [];
    const updated: Update[] = [];
    for (const key of this.touched) {
      const instance = this.instances.get(key);
      if (instance === undefined) continue;
      const fromRevision = this.loadedRevisions.get(key);
      if (fromRevision === undefined) created.push(instance);
      else updated.push({ instance, fromRevision });
    }
    const owed = [...this.owed.values()].flatMap((ids) => [...ids]);
    return { created, updated, history: this.history, owed, settled };
  }

  /** The messages that the turn owes, as the instances stand at its end. */
  messages(): OutgoingMessage[] {
    const messages: OutgoingMessage[] = [];
    for (const [key, ids] of this.owed) {
      const instance = this.instances.get(key);
      const definition = this.definitions.get(key);
      if (instance === undefined || definition === undefined) continue;
      for (const id of ids) {
        const message = owedMessage(definition, instance, id);
        if (message !== undefined) messages.push(message);
      }
    }
    return messages;
  }

  private start(work: StartWork): WorkResult {
    const present = this.instances.get(keyText(work.key));
    if (present === undefined) {
      const { instance } = this.change(work.definition, null, {
        kind: 'started',
        namespace: work.key.namespace,
        id: work.key.id,
        input: work.input,
        ...this.occurrence(),
      });
      return { kind: 'started', instance, isNew: true };
    }
    const isSame =
      present.definition.name === work.definition.name &&
      canonicalJson(present.input) === canonicalJson(work.input);
    if (!isSame) {
      throw new RequestRefusedError(
        'saga_exists',
        `saga '${work.key.id}' exists already with another definition or other input; choose another id`,
      );
    }
    if (isEnded(present.status)) this.announceAgain(work.definition, present);
    return { kind: 'started', instance: present, isNew: false };
  }

  private reply(work: Extract<Work, { kind: 'reply' }>): WorkResult {
    const instance = this.instances.get(keyText(work.key));
    if (instance === undefined) return { kind: 'ignored' };
    const { command, attempt, outcome } = work;
    const after = this.change(work.definition, instance, {
      kind: 'reply',
      command,
      attempt,
      outcome,
      ...this.occurrence(),
    });
    return after.instance === instance ? { kind: 'ignored' } : { kind: 'applied', instance: after.instance };
  }

  /** Whoever starts a saga again that has ended wants to know how: its last event goes out once more, same id. */
  private announceAgain(definition: AnySaga, instance: SagaInstance): void {
    const id = lifecycleId({
      namespace: instance.namespace,
      definition: definitionRef(instance.definition),
      sagaId: instance.id,
      event: instance.status,
      revision: instance.revision,
    });
    this.owe(definition, keyText(instance), id);
  }

  private change(
    definition: AnySaga,
    before: SagaInstance | null,
    event: SagaEvent,
  ): { instance: SagaInstance } {
    if (before !== null && before.definition.hash !== definition.hash) {
      throw new DefinitionChangedError(
        `the structure of '${definitionRef(definition)}' has changed since saga '${before.id}' was started; ` +
          'restore it, and give the changed saga a new version',
      );
    }
    return this.changeUnchecked(definition, before, event);
  }

  private changeUnchecked(
    definition: AnySaga,
    before: SagaInstance | null,
    event: SagaEvent,
  ): { instance: SagaInstance } {
    const after = transition(definition, before, event);
    if (after === null) throw new Error(`event '${event.kind}' for an instance that was not started`);
    if (after.instance === before) return { instance: before };
    const key = keyText(after.instance);
    this.touched.add(key);
    this.instances.set(key, after.instance);
    this.history.push({
      key: { namespace: after.instance.namespace, id: after.instance.id },
      entry: historyEntry(before, event, after),
    });
    for (const effect of after.effects) {
      if (effect.kind === 'send') this.owe(definition, key, effect.commandId);
      if (effect.kind === 'publish') this.owe(definition, key, effect.id);
    }
    return { instance: after.instance };
  }

  private owe(definition: AnySaga, key: string, id: string): void {
    this.definitions.set(key, definition);
    const ids = this.owed.get(key);
    if (ids === undefined) this.owed.set(key, new Set([id]));
    else ids.add(id);
  }

  private occurrence(): { at: number; random: number } {
    return { at: this.now, random: this.random() };
  }
}

/** One string for a key, since a `Map` compares objects by identity. A namespace holds no slash. */
export function keyText(key: InstanceKey): string {
  return `${key.namespace}/${key.id}`;
}
