import { DefinitionError } from './errors.js';
import type { DataClass, MustBeJson } from './json.js';
import { checkIdentifier } from './names.js';

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
export type RejectionOf<C extends CommandContract> =
  C extends CommandContract<string, object, unknown, infer Rejection> ? Rejection : never;

interface Described<Request extends object, Rejection extends string> {
  /** The class of the payload. Its class-validator decorators are checked by the participant. */
  readonly request: DataClass<Request> & MustBeJson<Request>;
  /** Codes that `ctx.reject` may use, in snake_case. Default: none. */
  readonly rejections?: readonly Rejection[];
}

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
  if (typeof options.request !== 'function') {
    throw new DefinitionError(
      subject,
      'request',
      'must be the class of the payload (an `import type` leaves none)',
    );
  }
  const rejections = options.rejections ?? [];
  for (const code of rejections) {
    if (!/^[a-z][a-z0-9_]{0,62}$/.test(code)) {
      throw new DefinitionError(
        subject,
        'rejections',
        `${JSON.stringify(code)} is not a code; use snake_case`,
      );
    }
  }
  return Object.freeze({ type, participant, request: options.request, reply: options.reply, rejections });
}
