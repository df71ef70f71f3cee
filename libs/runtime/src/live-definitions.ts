import { type AnySaga, definitionRef, isRecord } from '@skald/core';
import {
  ALIVE_MS,
  type Clock,
  type Log,
  messageOf,
  type NotedDefinition,
  type ProcessNote,
  type Store,
} from '@skald/ports';
import type { DefinitionRegistry } from './definition-registry.js';

/** Own beats further apart than so many times what they should be were kept from the store, and so were those of others. */
const LATE_BEATS = 2;
const LATE_MS = ALIVE_MS / 4;

export interface LiveDefinitionsOptions {
  readonly namespace: string;
  readonly store: Store;
  readonly definitions: DefinitionRegistry;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly log: Log;
  /** Where this process runs, for people. */
  readonly label: string;
  readonly beatMs: number;
  /** Another process came or went, or knows something else now. */
  readonly onChanged: () => void;
}

/**
 * What the live processes of a namespace know. Each notes in the store again and again that it lives and what it can run,
 * and keeps in mind what the others have noted. So a message for a definition that only another one knows is kept for that
 * one, and one for a definition that nobody knows is refused at once.
 *
 * After an outage of the store the notes of all are too old, and the first process that is back would see nobody. So one that
 * could not beat in time itself goes on counting those it saw before, until each has had the life of a note to be back. And one
 * that boots counts those that have fallen silent and that nobody has forgotten meanwhile: it may be the first that is back. But
 * they may as well be gone for good, and so no start that names no version is given to them.
 */
export class LiveDefinitions {
  private readonly id = crypto.randomUUID();
  private others: readonly ProcessNote[] = [];
  /** Those that were there before beats were late last, for as long as they may still come back. */
  private missed: readonly ProcessNote[] = [];
  private missedUntil = 0;
  private beatenAt: number | undefined;
  /** `name@version`, `name@version#hash` and the newest version by name, of all others. */
  private readonly theirs = new Set<string>();
  private readonly newestVersions = new Map<string, number>();
  private readonly reported = new Set<string>();
  private learning: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  private told: string | undefined;

  constructor(private readonly options: LiveDefinitionsOptions) {}

  /** Says that this process lives, and learns who else does. Returns how many milliseconds later to do it again. */
  async beat(): Promise<number> {
    await this.refresh();
    const known = [...this.theirs].toSorted().join();
    if (known !== this.told) {
      this.options.onChanged();
      this.told = known;
    }
    return this.options.beatMs;
  }

  /** Learns what the others know now; who asks meanwhile shares the next answer. */
  async refresh(): Promise<void> {
    const { learning } = this;
    this.next ??= (async () => {
      await learning?.catch(() => undefined);
      this.next = undefined;
      await this.learn();
    })();
    await this.next;
  }

  /** @param definition `name@version`, or `name@version#hash` where only that structure will do */
  isKnownElsewhere(definition: string): boolean {
    return this.theirs.has(definition);
  }

  /** The same of any live process, this one included. */
  isKnown(definition: string): boolean {
    const { definitions } = this.options;
    return (
      this.theirs.has(definition) ||
      definitions.references().includes(definition) ||
      definitions.structures().includes(definition)
    );
  }

  /** The newest version of a saga that another live process knows. */
  newestElsewhere(name: string): number | undefined {
    return this.newestVersions.get(name);
  }

  /** `name@version#hash` of structures that live processes have in place of this one's. */
  changedElsewhere(): string[] {
    const noted = this.others.flatMap((other) => other.definitions);
    return noted
      .filter(({ definition, hash }) => {
        const own = this.options.definitions.byReference(definition);
        return own !== undefined && own.hash !== hash;
      })
      .map(keptFor);
  }

  /** Whether a live process lacks something that this one knows: it may hand something over at any moment. */
  isAskedByOthers(): boolean {
    const own = this.own();
    return this.others.some(({ definitions }) => {
      const theirs = new Set(definitions.map(keptFor));
      return own.some((one) => !theirs.has(keptFor(one)));
    });
  }

  /** Whether a live process knows something that this one lacks. */
  hasOthersToAsk(): boolean {
    const own = new Set(this.own().map(keptFor));
    return this.others.some(({ definitions }) => definitions.some((one) => !own.has(keptFor(one))));
  }

  /** Every definition that some live process knows, this one included. */
  references(): string[] {
    const noted = this.others.flatMap(({ definitions }) => definitions);
    return [...new Set([...this.own(), ...noted].map(({ definition }) => definition))].toSorted();
  }

  /** Says that this process ends. If the store is away, the others notice it after a while. */
  async leave(): Promise<void> {
    const { store, log } = this.options;
    if (this.told === undefined) return;
    await store.processes.leave(this.id).catch((error: unknown) => {
      log.warn(`the others were not told that this process ends: ${messageOf(error)}`);
    });
  }

  private own(): NotedDefinition[] {
    return this.options.definitions.all().map(noted);
  }

  private async learn(): Promise<void> {
    this.learning = this.ask();
    await this.learning;
  }

  private async ask(): Promise<void> {
    const { namespace, store, label } = this.options;
    const own = { id: this.id, label, definitions: this.own() };
    const noted = await store.processes.beat(namespace, own, this.isPatient());
    // One that this process cannot read counts as one that knows nothing; the others are heard all the same.
    this.others = this.withMissed(noted.filter((note) => isReadable(note)));
    this.theirs.clear();
    this.newestVersions.clear();
    for (const other of this.others) {
      for (const one of other.definitions) {
        this.theirs.add(one.definition);
        this.theirs.add(keptFor(one));
        const at = one.definition.lastIndexOf('@');
        const name = one.definition.slice(0, at);
        const version = Number(one.definition.slice(at + 1));
        if (other.isSilent) continue;
        if (version > (this.newestVersions.get(name) ?? 0)) this.newestVersions.set(name, version);
        this.reportChanged(other, one);
      }
    }
  }

  /** Whether the store may have been away: this process has just begun, or could not beat in time. */
  private isPatient(): boolean {
    const now = this.options.clock.elapsed();
    return this.beatenAt === undefined || this.isLate(this.beatenAt, now) || now < this.missedUntil;
  }

  private isLate(beatenAt: number, now: number): boolean {
    return now - beatenAt > Math.max(LATE_BEATS * this.options.beatMs, LATE_MS);
  }

  /** Those that are there, and those that may only not have been able to say so. */
  private withMissed(present: readonly ProcessNote[]): ProcessNote[] {
    const now = this.options.clock.elapsed();
    if (this.beatenAt === undefined) {
      this.missed = present.filter(({ isSilent }) => isSilent);
      this.missedUntil = now + ALIVE_MS;
    } else if (this.isLate(this.beatenAt, now)) {
      this.missed = this.others;
      this.missedUntil = now + ALIVE_MS;
    }
    this.beatenAt = now;
    if (now >= this.missedUntil) this.missed = [];
    const alive = present.filter(({ isSilent }) => !isSilent);
    const ids = new Set(alive.map(({ id }) => id));
    return [...alive, ...this.missed.filter(({ id }) => !ids.has(id))];
  }

  /** Two live processes mean different things by one name and version: a mistake of the deploy. */
  private reportChanged({ id, label }: ProcessNote, { definition, hash }: NotedDefinition): void {
    const own = this.options.definitions.byReference(definition);
    if (own === undefined || own.hash === hash || this.reported.has(`${id} ${definition}`)) return;
    this.reported.add(`${id} ${definition}`);
    this.options.log.error(
      `'${definition}' is not the same here as in the process '${label}' (${id}): structure ${own.hash} here, ${hash} ` +
        'there. Each of the two works only on sagas of its own structure. Give the changed saga a new version.',
    );
  }
}

/** What comes from the store was written by another process, maybe of another build. */
function isReadable({ definitions }: { readonly definitions: unknown }): boolean {
  return (
    Array.isArray(definitions) &&
    definitions.every(
      (one: unknown) =>
        isRecord(one) && typeof one['definition'] === 'string' && typeof one['hash'] === 'string',
    )
  );
}

function noted(definition: AnySaga): NotedDefinition {
  return { definition: definitionRef(definition), hash: definition.hash };
}

/** What messages are kept for that need this very structure: `name@version#hash`. */
export function keptFor({ definition, hash }: NotedDefinition): string {
  return `${definition}#${hash}`;
}
