import {
  type AnySaga,
  type CommandRef,
  isRecord,
  type JsonObject,
  MalformedIdError,
  type Message,
  parseCommandId,
  type ReplyOutcome,
  ReplyType,
  RequestType,
  stepNamed,
} from '@skald/core';
import type { DefinitionRegistry } from './definition-registry.js';
import { RequestRefusedError } from './errors.js';
import type { InstanceKey } from './ports.js';
import { validateData } from './validation.js';

/** A request to start a saga, checked: its definition is known and its input is valid. */
export interface StartWork {
  readonly kind: 'start';
  readonly key: InstanceKey;
  readonly definition: AnySaga;
  readonly input: JsonObject;
}

/** A reply, checked: its command exists in a definition that is known, and its data is valid. */
export interface ReplyWork {
  readonly kind: 'reply';
  readonly key: InstanceKey;
  readonly definition: AnySaga;
  readonly command: CommandRef;
  readonly attempt: number | undefined;
  readonly outcome: ReplyOutcome;
}

export type Work = StartWork | ReplyWork;

/** The message is well-formed and yet nothing can be done with it: it goes to the dead letters. */
export class UnusableMessageError extends Error {
  constructor(
    readonly code: string,
    reason: string,
  ) {
    super(reason);
  }
}

export interface StartRequest {
  readonly namespace: string;
  readonly id: string;
  readonly definition: string;
  /** Default: the newest that is registered. */
  readonly version?: number | undefined;
  readonly input: unknown;
}

/**
 * Reads a message of the request or the reply topic.
 *
 * @throws UnusableMessageError, RequestRefusedError
 */
export function readInbound(message: Message, definitions: DefinitionRegistry): Work {
  switch (message.type) {
    case RequestType.start:
      return readStart(startRequestOf(message), definitions);
    case ReplyType.succeeded:
    case ReplyType.rejected:
    case ReplyType.failed:
      return readReply(message, definitions);
    default:
      throw new UnusableMessageError(
        'unknown_type',
        `the orchestrator knows no message of type '${message.type}'`,
      );
  }
}

/** @throws RequestRefusedError saying what to correct */
export function readStart(request: StartRequest, definitions: DefinitionRegistry): StartWork {
  const definition = definitions.find(request.definition, request.version);
  if (definition === undefined) {
    const version = request.version === undefined ? '' : ` in version ${request.version}`;
    const known = definitions.references().join(', ') || 'none';
    throw new RequestRefusedError(
      'unknown_definition',
      `there is no saga '${request.definition}'${version} here; known: ${known}`,
    );
  }
  const checked = validateData(definition.input, request.input);
  if ('problems' in checked) {
    throw new RequestRefusedError(
      'invalid_input',
      `the input of '${definition.name}' is invalid: ${checked.problems.join('; ')}`,
      checked.problems,
    );
  }
  return {
    kind: 'start',
    key: { namespace: request.namespace, id: request.id },
    definition,
    input: request.input as JsonObject,
  };
}

function startRequestOf(message: Message): StartRequest {
  const { data } = message;
  if (!isRecord(data) || typeof data['definition'] !== 'string') {
    throw new UnusableMessageError('malformed_request', "a start request needs data with a 'definition'");
  }
  const version = data['version'];
  if (version !== undefined && typeof version !== 'number') {
    throw new UnusableMessageError('malformed_request', "the 'version' of a start request must be a number");
  }
  return {
    namespace: message.namespace,
    id: message.sagaid,
    definition: data['definition'],
    version,
    input: data['input'],
  };
}

function readReply(message: Message, definitions: DefinitionRegistry): ReplyWork {
  if (message.commandid === undefined) {
    throw new UnusableMessageError('malformed_reply', "the attribute 'commandid' is missing");
  }
  const command = readCommandRef(message.commandid);
  if (command.namespace !== message.namespace || command.sagaId !== message.sagaid) {
    throw new UnusableMessageError(
      'malformed_reply',
      'namespace or saga id differ from those of the command',
    );
  }
  const definition = definitions.byReference(command.definition);
  if (definition === undefined) {
    throw new UnusableMessageError(
      'unknown_definition',
      `there is no saga '${command.definition}' here; known: ${definitions.references().join(', ') || 'none'}`,
    );
  }
  const step = definition.steps.find(({ name }) => name === command.step);
  if (step === undefined) {
    throw new UnusableMessageError('unknown_step', `'${command.definition}' has no step '${command.step}'`);
  }
  return {
    kind: 'reply',
    key: { namespace: command.namespace, id: command.sagaId },
    definition,
    command,
    attempt: message.attempt,
    outcome: readOutcome(message, definition, command),
  };
}

function readCommandRef(id: string): CommandRef {
  try {
    return parseCommandId(id);
  } catch (error) {
    if (error instanceof MalformedIdError) throw new UnusableMessageError('malformed_reply', error.message);
    throw error;
  }
}

function readOutcome(message: Message, definition: AnySaga, command: CommandRef): ReplyOutcome {
  if (message.type === ReplyType.succeeded) {
    const step = stepNamed(definition, command.step);
    const contract = command.direction === 'do' ? step.command : step.undo?.command;
    if (contract?.reply === undefined) return { kind: 'succeeded', data: null };
    const checked = validateData(contract.reply, message.data);
    if ('problems' in checked) {
      throw new UnusableMessageError(
        'invalid_reply',
        `the reply to '${contract.type}' does not fit its contract: ${checked.problems.join('; ')}`,
      );
    }
    return { kind: 'succeeded', data: message.data };
  }
  const data = isRecord(message.data) ? message.data : {};
  const kind = message.type === ReplyType.rejected ? 'rejected' : 'failed';
  return {
    kind,
    code: typeof data['code'] === 'string' ? data['code'] : kind,
    message: typeof data['message'] === 'string' ? data['message'].slice(0, 1_000) : '',
  };
}
