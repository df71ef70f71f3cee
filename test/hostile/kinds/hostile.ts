import fc from 'fast-check';
import { type Attributes, SOUND_NAMES, type SoundName, soundMessage, topicOf } from '../messages.js';
import type { Inbound, RawRecord, Seen } from '../world.js';

/** What a hostile record is made for. */
export interface Place {
  /** Its own, also its key. */
  readonly name: string;
  readonly namespace: string;
  /** The id of a saga that must not suffer. */
  readonly good: string;
  /** What good sagas have caused in its topic until now. */
  readonly real: readonly Seen[];
}

/** A hostile record: how it is made once it is known which it is. */
export interface Hostile {
  readonly kind: string;
  /** A well-formed reply to nothing that is pending, of which nobody need be told. */
  readonly mayBeIgnored: boolean;
  readonly topic: Inbound;
  /** Sent while the good sagas run, or after they have ended, when there is something real to send again. */
  readonly when: 'first' | 'amid' | 'after';
  readonly make: (place: Place) => Pick<RawRecord, 'value' | 'headers' | 'compression'>;
}

export type Kinds = Readonly<Record<string, fc.Arbitrary<Hostile>>>;

export const STRUCTURED = { 'content-type': 'application/cloudevents+json' } as const;

/** Changes a message; a text is sent as it is. */
export type Change = (message: Attributes, place: Place) => Attributes | string;

/** @param sounds which messages are changed; all by default */
export function changed(
  kind: string,
  change: fc.Arbitrary<Change>,
  {
    sounds = SOUND_NAMES,
    mayBeIgnored = false,
  }: { sounds?: readonly SoundName[]; mayBeIgnored?: boolean } = {},
): fc.Arbitrary<Hostile> {
  return fc.record({ sound: fc.constantFrom(...sounds), change }).map(({ sound, change: by }) =>
    hostile(kind, topicOf(sound), mayBeIgnored, (place) => {
      const result = by(soundMessage(sound, place.name, place.namespace), place);
      return { value: typeof result === 'string' ? result : JSON.stringify(result), headers: STRUCTURED };
    }),
  );
}

export function hostile(kind: string, topic: Inbound, mayBeIgnored: boolean, make: Hostile['make']): Hostile {
  return { kind, mayBeIgnored: mayBeIgnored && topic === 'replies', topic, when: 'first', make };
}

/** The message as text, with raw JSON in the place of an attribute. */
export function withRaw(message: Attributes, attribute: string, raw: string): string {
  return JSON.stringify({ ...message, [attribute]: '@raw@' }).replace('"@raw@"', () => raw);
}

/** The message as text, with a member more, though it may be there already. */
export function withMember(message: Attributes, attribute: string, raw: string): string {
  return `${JSON.stringify(message).slice(0, -1)},${JSON.stringify(attribute)}:${raw}}`;
}
