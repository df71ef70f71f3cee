import {
  type AnySaga,
  canBeNamed,
  type CommandContract,
  type CommandRef,
  findNode,
  isRecord,
  MalformedIdError,
  mayReject,
  type Message,
  parseCommandId,
  printable,
  type ReplyOutcome,
  ReplyType,
  RequestType,
  shortened,
  templateOf,
} from '@skald/core';
import { RequestRefusedError, startIdOf, UnknownDefinitionError, validateData } from '@skald/ports';
import type { DefinitionRegistry } from './definition-registry.js';
import type { LiveDefinitions } from './live-definitions.js';
import { checkedParentCommand, parentKey } from './parents.js';
import type { ElsewhereWork, StartWork, Work } from './work.js';

/** The message is well-formed and yet nothing can be done with it: it goes to the dead letters. */
export class UnusableMessageError extends Error {
  constructor(
    readonly code: string,
    reason: string,
  ) {
    super(shortened(reason, LONGEST_REASON));
  }
}

/** Texts from outside are cut to these lengths. */
const LONGEST_REASON = 2_000;
const LONGEST_CODE = 100;
const LONGEST_TEXT = 1_000;

export interface StartRequest {
  readonly namespace: string;
  readonly id: string;
  readonly definition: string;
  /** Default: the newest that any live process knows. */
  readonly version?: number | undefined;
  readonly input: unknown;
  /** The same for copies of one start: also after its saga was removed they begin it no second time. */
  readonly messageId?: string | undefined;
}

/**
 * Reads a message of the request or the reply topic.
 *
 * @throws UnusableMessageError, RequestRefusedError
 */
export function readInbound(message: Message, definitions: DefinitionRegistry, live: LiveDefinitions): Work {
  const key = { namespace: message.namespace, id: message.sagaid };
  switch (message.type) {
    case RequestType.start: {
      const parent = checkedParentCommand(message);
      const work = readStart(startRequestOf(message), definitions, live);
      return {
        ...work,
        message,
        ...(parent !== undefined && { parentCommand: message.id, parent: parentKey(parent) }),
        ...(asksForAnswer(message) && canBeNamed(message.id) && { requestId: message.id }),
      };
    }
    case RequestType.undo:
      return readUndo(message, definitions, live);
    case RequestType.signal:
      asksForAnswer(message);
      return {
        kind: 'signal',
        key,
        messageId: message.id,
        signal: textOf(message, 'signal'),
        data: dataOf(message),
        message,
      };
    case RequestType.call:
      return {
        kind: 'call',
        key,
        messageId: message.id,
        call: textOf(message, 'call'),
        request: dataOf(message),
        message,
      };
    case RequestType.cancel:
      return { kind: 'cancel', key, messageId: message.id, reason: textOf(message, 'reason'), message };
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

/**
 * Without a version, the newest is started that any live process knows.
 *
 * @throws RequestRefusedError saying what to correct
 */
export function readStart(
  request: StartRequest,
  definitions: DefinitionRegistry,
  live: LiveDefinitions,
): StartWork | ElsewhereWork {
  const key = { namespace: request.namespace, id: request.id };
  const definition = definitions.find(request.definition, request.version);
  const version = request.version ?? live.newestElsewhere(request.definition);
  if (definition === undefined || (version !== undefined && version > definition.version)) {
    if (version === undefined) throw new UnknownDefinitionError(request.definition, live.references());
    const reference = `${request.definition}@${version}`;
    if (!live.isKnownElsewhere(reference)) throw new UnknownDefinitionError(reference, live.references());
    return { kind: 'elsewhere', key, definition: reference };
  }
  const checked = validateData(definition.input, request.input);
  if ('problems' in checked) {
    throw new RequestRefusedError(
      'invalid_input',
      `the input of '${definition.name}' is invalid: ${checked.problems.join('; ')}`,
      checked.problems,
    );
  }
  const { messageId } = request;
  return {
    kind: 'start',
    key,
    definition,
    input: checked.data,
    ...(messageId !== undefined && { startId: startIdOf(messageId) }),
  };
}

function textOf({ data, type }: Message, field: string): string {
  const value = isRecord(data) ? data[field] : undefined;
  if (typeof value !== 'string' || value === '') {
    throw new UnusableMessageError('malformed_request', `a '${type}' needs data with a '${field}'`);
  }
  return value;
}

/**
 * Whether whoever started a saga or sent a signal wants to be told that it was taken.
 *
 * @throws UnusableMessageError when that is said with anything but true or false
 */
export function asksForAnswer({ data, type }: Message): boolean {
  const answer = isRecord(data) ? data['answer'] : undefined;
  if (answer === undefined || typeof answer === 'boolean') return answer === true;
  throw new UnusableMessageError('malformed_request', `the 'answer' of a '${type}' must be true or false`);
}

function dataOf({ data }: Message): unknown {
  return isRecord(data) ? data['data'] : undefined;
}

function startRequestOf(message: Message): StartRequest {
  return {
    namespace: message.namespace,
    id: message.sagaid,
    definition: textOf(message, 'definition'),
    version: versionOf(message),
    input: isRecord(message.data) ? message.data['input'] : undefined,
    messageId: message.id,
  };
}

function versionOf({ data, type }: Message): number | undefined {
  const version = isRecord(data) ? data['version'] : undefined;
  if (version === undefined || typeof version === 'number') return version;
  throw new UnusableMessageError('malformed_request', `the 'version' of a '${type}' must be a number`);
}

function readUndo(message: Message, definitions: DefinitionRegistry, live: LiveDefinitions): Work {
  const parent = checkedParentCommand(message);
  const name = textOf(message, 'definition');
  if (message.compensates === undefined) {
    throw new UnusableMessageError('malformed_request', "the attribute 'compensates' is missing");
  }
  const version =
    versionOf(message) ?? Math.max(definitions.find(name)?.version ?? 0, live.newestElsewhere(name) ?? 0);
  return {
    kind: 'undo',
    key: { namespace: message.namespace, id: message.sagaid },
    reference: `${name}@${version}`,
    parentCommand: message.compensates,
    parentUndo: message.id,
    ...(parent !== undefined && { parent: parentKey(parent) }),
    message,
  };
}

function readReply(message: Message, definitions: DefinitionRegistry): Work {
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
  if (definition !== undefined && findNode(definition, command.step) === undefined) {
    throw new UnusableMessageError('unknown_step', `'${command.definition}' has no step '${command.step}'`);
  }
  return {
    kind: 'reply',
    key: { namespace: command.namespace, id: command.sagaId },
    command,
    attempt: message.attempt,
    outcome: readOutcome(message, definition, command),
    message,
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

function readOutcome(message: Message, definition: AnySaga | undefined, command: CommandRef): ReplyOutcome {
  const node = definition && findNode(definition, command.step);
  const contract = node && templateOf(node, command.direction)?.command;
  if (message.type === ReplyType.succeeded) {
    if (command.direction === 'probe' && node?.kind === 'step') return probed(node.command, message.data);
    // A child saga answers with its output, which it has made itself.
    if (node?.kind === 'step' && contract?.reply === undefined) return { kind: 'succeeded', data: null };
    // A compensation whose action never came has nothing to tell: the barrier answers for its handler.
    if (command.direction === 'undo' && (message.data ?? null) === null) {
      return { kind: 'succeeded', data: null };
    }
    const checked = contract?.reply && validateData(contract.reply, message.data);
    if (checked !== undefined && 'problems' in checked) {
      throw new UnusableMessageError(
        'invalid_reply',
        `the reply to '${contract?.type}' does not fit its contract: ${checked.problems.join('; ')}`,
      );
    }
    return { kind: 'succeeded', data: checked?.data ?? message.data ?? null };
  }
  const data = isRecord(message.data) ? message.data : {};
  const kind = message.type === ReplyType.rejected ? 'rejected' : 'failed';
  const code = typeof data['code'] === 'string' && data['code'] !== '' ? data['code'] : kind;
  const text = typeof data['message'] === 'string' ? data['message'] : '';
  if (kind === 'rejected' && contract !== undefined && !mayReject(contract, code)) {
    throw new UnusableMessageError(
      'invalid_reply',
      `'${contract.type}' has no rejection '${printable(code, LONGEST_CODE)}'; it has ${contract.rejections.join(', ')}`,
    );
  }
  return { kind, code: shortened(code, LONGEST_CODE), message: shortened(text, LONGEST_TEXT) };
}

/** What a probe found: whether the command happened and, if so, what it replied, which its own contract says. */
function probed(action: CommandContract, data: unknown): ReplyOutcome {
  const happened = isRecord(data) ? data['happened'] : undefined;
  if (!isRecord(data) || typeof happened !== 'boolean') {
    throw new UnusableMessageError(
      'invalid_reply',
      `the reply to a probe of '${action.type}' needs 'happened'`,
    );
  }
  if (!happened) return { kind: 'succeeded', data: { happened } };
  if (action.reply === undefined) return { kind: 'succeeded', data: { happened, reply: null } };
  const checked = validateData(action.reply, data['reply']);
  if ('data' in checked) return { kind: 'succeeded', data: { happened, reply: checked.data } };
  throw new UnusableMessageError(
    'invalid_reply',
    `what a probe says that '${action.type}' replied does not fit its contract: ${checked.problems.join('; ')}`,
  );
}
