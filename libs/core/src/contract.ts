import { DefinitionError } from './errors.js';
import type { DataClass, MustBeJson } from './json.js';
import { OwnRejection } from './message.js';
import { checkIdentifier } from './names.js';
import { checkOptions } from './options.js';

/**
 * What orchestrator and participant agree on for one command. A plain value: topology, hash and boot checks see it
 * without running anything.
 */
export interface CommandContract<
  Type extends string = string,
  Request extends object = object,
  Reply = unknown,
  Rejection extends string = string,
> {
  readonly type: Type;
  /** The service that handles it, and so the topic it is sent to: the part of the type before the dot. */
  readonly participant: string;
  readonly request: DataClass<Request>;
  /** Absent when success carries no data. */
  readonly reply: DataClass<object> | undefined;
  /** The codes with which the participant may say a business no. */
  readonly rejections: readonly Rejection[];
  /** Never set: it carries the reply's type. */
  readonly '~reply'?: Reply;
}

export type RequestOf<C extends CommandContract> =
  C extends CommandContract<string, infer Request> ? Request : never;
export type ReplyOf<C extends CommandContract> =
  C extends CommandContract<string, object, infer Reply> ? Reply : never;
/**
 * What a compensation replies: what its contract says, or nothing, because its action never came and the barrier answered in
 * the place of its handler. A participant's own handler of it always replies as the contract says.
 */
export type UndoReplyOf<C extends CommandContract> = ReplyOf<C> extends void ? void : ReplyOf<C> | null;
export type RejectionOf<C extends CommandContract> =
  C extends CommandContract<string, object, unknown, infer Rejection> ? Rejection : never;

interface Described<Request extends object, Rejection extends string> {
  /**
   * The class of the payload. Its class-validator decorators are checked by the participant; one without any is unchecked, and
   * warned of at boot.
   */
  readonly request: DataClass<Request> & MustBeJson<Request>;
  /** Codes that `ctx.reject` may use, in snake_case. Default: none. */
  readonly rejections?: readonly Rejection[];
}

const DESCRIBED = ['request', 'reply', 'rejections'];

interface Answered<Reply extends object> {
  /** The class of the reply. Leave it out when success carries no data. */
  readonly reply: DataClass<Reply> & MustBeJson<Reply>;
}

/**
 * Declares a command.
 *
 * @param type `<participant>.<command>`, e.g. `constructor.create-bot`: it goes over the wire and names the topic
 * @throws DefinitionError when the type or a rejection code is malformed
 */
export function command<
  const Type extends string,
  Request extends object,
  Reply extends object,
  const Rejection extends string = never,
>(
  type: Type,
  options: Described<Request, Rejection> & Answered<Reply>,
): CommandContract<Type, Request, Reply, Rejection>;
export function command<
  const Type extends string,
  Request extends object,
  const Rejection extends string = never,
>(
  type: Type,
  options: Described<Request, Rejection> & { readonly reply?: undefined },
): CommandContract<Type, Request, void, Rejection>;
export function command(
  type: string,
  options: {
    request: DataClass<object>;
    reply?: DataClass<object> | undefined;
    rejections?: readonly string[];
  },
): CommandContract {
  const subject = `command '${type}'`;
  const [participant, name, ...rest] = type.split('.');
  if (participant === undefined || name === undefined || rest.length > 0) {
    throw new DefinitionError(
      subject,
      undefined,
      "a command type is '<participant>.<command>', e.g. 'storage.store-job'",
    );
  }
  checkIdentifier(subject, 'type', participant);
  checkIdentifier(subject, 'type', name);
  if (participant === 'saga') {
    throw new DefinitionError(subject, 'type', "the participant 'saga' is the orchestrator's own");
  }
  checkOptions(subject, '', options, DESCRIBED);
  checkClass(subject, 'request', options.request);
  if (options.reply !== undefined) checkClass(subject, 'reply', options.reply);
  const rejections = checkedCodes(subject, options.rejections);
  return Object.freeze({ type, participant, request: options.request, reply: options.reply, rejections });
}

const OWN_REJECTIONS: ReadonlySet<string> = new Set(Object.values(OwnRejection));

/**
 * Whether a participant may say no with this code: one that the contract declares, or one of the participant library's own. A
 * contract that declares none says nothing about them, so any is a no.
 */
export function mayReject({ rejections }: CommandContract, code: string): boolean {
  return rejections.length === 0 || rejections.includes(code) || OWN_REJECTIONS.has(code);
}

/** An event from outside that a saga can wait for. */
export interface SignalContract<Name extends string = string, Data extends object = object> {
  readonly name: Name;
  readonly data: DataClass<Data>;
}

/** A question or change from outside that a running saga answers at once. */
export interface CallContract<
  Name extends string = string,
  Request extends object = object,
  Reply = unknown,
  Rejection extends string = string,
> {
  readonly name: Name;
  readonly request: DataClass<Request>;
  /** What the saga's handler answers is checked against it. */
  readonly reply: DataClass<object>;
  readonly rejections: readonly Rejection[];
  /** Never set: it carries the reply's type. */
  readonly '~reply'?: Reply;
}

/**
 * Declares a signal.
 *
 * @param name lower-case letters, digits and hyphens
 * @throws DefinitionError when the name is malformed or taken by Skald
 */
export function signal<const Name extends string, Data extends object>(
  name: Name,
  options: { readonly data: DataClass<Data> & MustBeJson<Data> },
): SignalContract<Name, Data> {
  const subject = `signal '${name}'`;
  checkIdentifier(subject, 'name', name);
  if (name === 'timeout') throw new DefinitionError(subject, 'name', "'timeout' says that no signal came");
  checkOptions(subject, '', options, ['data']);
  checkClass(subject, 'data', options.data);
  return Object.freeze({ name, data: options.data });
}

/**
 * Declares a call.
 *
 * @param name lower-case letters, digits and hyphens
 * @throws DefinitionError when the name or a rejection code is malformed
 */
export function call<
  const Name extends string,
  Request extends object,
  Reply extends object,
  const Rejection extends string = never,
>(
  name: Name,
  options: Described<Request, Rejection> & Answered<Reply>,
): CallContract<Name, Request, Reply, Rejection> {
  const subject = `call '${name}'`;
  checkIdentifier(subject, 'name', name);
  checkOptions(subject, '', options, DESCRIBED);
  checkClass(subject, 'request', options.request);
  checkClass(subject, 'reply', options.reply);
  return Object.freeze({
    name,
    request: options.request,
    reply: options.reply,
    rejections: checkedCodes(subject, options.rejections),
  });
}

function checkClass(subject: string, option: string, type: unknown): void {
  if (typeof type !== 'function') {
    throw new DefinitionError(
      subject,
      option,
      'must be the class of the data (an `import type` leaves none)',
    );
  }
}

function checkedCodes<Code extends string>(subject: string, codes: readonly Code[] = []): readonly Code[] {
  if (!Array.isArray(codes)) throw new DefinitionError(subject, 'rejections', 'must be a list of codes');
  for (const code of codes) {
    if (!/^[a-z][a-z0-9_]{0,62}$/.test(code)) {
      throw new DefinitionError(
        subject,
        'rejections',
        `${JSON.stringify(code)} is not a code; use snake_case`,
      );
    }
  }
  return codes;
}
