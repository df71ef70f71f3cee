import type {
  AnySaga,
  CommandRef,
  JsonObject,
  Message,
  OperatorAction,
  OperatorNote,
  ReplyOutcome,
} from '@skald/core';
import type { InstanceKey } from '@skald/ports';

/** A request to start a saga, checked: its definition is known and its input is valid. */
export interface StartWork {
  readonly kind: 'start';
  readonly key: InstanceKey;
  readonly definition: AnySaga;
  readonly input: JsonObject;
  /** Of a child saga: the command of its parent, as the message says. */
  readonly parentCommand?: string;
  /** Whose command that would be. */
  readonly parent?: InstanceKey;
  /** The id of the request, when whoever sent it wants to be told. */
  readonly requestId?: string;
  /** What it is known again by when it comes once more after its saga was removed; see `startIdOf`. */
  readonly startId?: string;
}

/** A parent compensates its child saga. */
export interface UndoWork {
  readonly kind: 'undo';
  readonly key: InstanceKey;
  /** `name@version` that the parent means; the child's own definition counts, where there is a child. */
  readonly reference: string;
  readonly parentCommand: string;
  readonly parentUndo: string;
  /** Whose commands these would be. */
  readonly parent?: InstanceKey;
}

/** A reply, its data checked where its definition is known. */
export interface ReplyWork {
  readonly kind: 'reply';
  readonly key: InstanceKey;
  readonly command: CommandRef;
  readonly attempt: number | undefined;
  readonly outcome: ReplyOutcome;
}

/** What only another process can do, whose definition this is (`name@version`, or `name@version#hash`). */
export interface ElsewhereWork {
  readonly kind: 'elsewhere';
  readonly key: InstanceKey;
  readonly definition: string;
}

/** Something from outside for a saga that runs; its data is checked when it is known which definition that has. */
export type OutsideWork = { readonly key: InstanceKey } & (
  | { readonly kind: 'signal'; readonly messageId: string; readonly signal: string; readonly data: unknown }
  | { readonly kind: 'call'; readonly messageId: string; readonly call: string; readonly request: unknown }
  | { readonly kind: 'cancel'; readonly reason: string; readonly messageId?: string | undefined }
  | { readonly kind: 'operator'; readonly action: OperatorAction; readonly note: OperatorNote }
);

export type Work = (StartWork | UndoWork | ReplyWork | ElsewhereWork | OutsideWork) & {
  /** The message that it came with: kept for a process that knows the definition, where this one does not. */
  readonly message?: Message;
};
