import {
  attributeProblem,
  type CommandContract,
  DefinitionError,
  type Message,
  printable,
} from '@skald/core';
import type { DeadLetter, Delivery } from '@skald/ports';
import type { MessageHandler } from '@nestjs/microservices';
import type { HandlerExtras, HandlerTransaction } from './command-handler.decorator.js';
import { readTimeLimit } from './time-limit.js';

/** The longest that fits into an index of PostgreSQL, with room to spare. */
const LONGEST_ID = 2_500;
/** How much of a text from outside stands in a reason. */
const LONGEST_QUOTE = 200;
const LONGEST_LIST = 1_000;

export interface ServedCommand {
  readonly contract: CommandContract;
  readonly handler: MessageHandler;
  readonly transaction: HandlerTransaction;
  /** It undoes: a command that names no other to undo is none for it. */
  readonly isCompensation: boolean;
  /** It asks whether another happened: a command that names no other is none for it. */
  readonly isProbe: boolean;
  /** Of its own; see `HandlerOptions`. */
  readonly timeLimitMs: number | undefined;
}

interface ServedBy {
  readonly participant: string;
  readonly namespace: string;
  readonly dataSource?: object;
  /** Where replies may be sent. */
  readonly replyTopics: readonly string[];
}

/** The commands that a participant handles, by their types. */
export class ServedCommands {
  private readonly byType = new Map<string, ServedCommand>();

  private constructor(private readonly by: ServedBy) {}

  /** @throws DefinitionError when a handler does not belong here, or when there is none */
  static read(by: ServedBy, handlers: ReadonlyMap<string, MessageHandler>): ServedCommands {
    const served = new ServedCommands(by);
    for (const [type, handler] of handlers) {
      const extras: Partial<HandlerExtras> = handler.extras ?? {};
      // Handlers of other transports of a hybrid application have no contract.
      if (extras.contract !== undefined) {
        served.add(type, handler, { ...extras, contract: extras.contract });
      }
    }
    if (served.byType.size === 0) {
      throw new DefinitionError(
        `participant '${by.participant}'`,
        undefined,
        'has no @CommandHandler; put one on a method of a controller',
      );
    }
    return served;
  }

  /** Of those that are handled. */
  contracts(): CommandContract[] {
    return [...this.byType.values()].map(({ contract }) => contract);
  }

  get size(): number {
    return this.byType.size;
  }

  /** The command that the message is, or that the barrier answers it, or why it is none for this participant. */
  find(delivery: Delivery): ServedCommand | DeadLetter | 'probe' {
    const { message } = delivery;
    const { type } = message;
    const served = this.byType.get(type);
    const problem = this.problemWith(message);
    if (problem !== undefined) return { delivery, ...problem };
    if (message.probes !== undefined && this.hasBarrier && served?.transaction !== 'none') return 'probe';
    if (served === undefined) {
      const known = printable([...this.byType.keys()].join(', '), LONGEST_LIST);
      const reason = `'${printable(type, LONGEST_QUOTE)}' is not handled here; known: ${known}`;
      return { delivery, code: 'unknown_type', reason };
    }
    if (served.isCompensation && message.compensates === undefined) {
      const reason = `'${type}' undoes another command; the attribute 'compensates' must say which`;
      return { delivery, code: 'compensates_missing', reason };
    }
    if (served.isProbe && message.probes === undefined) {
      const reason = `'${type}' asks about another command; the attribute 'probes' must say which`;
      return { delivery, code: 'probes_missing', reason };
    }
    return served;
  }

  /** What would be wrong with it for any handler, and must not reach the barrier. */
  private problemWith(message: Message): { readonly code: string; readonly reason: string } | undefined {
    const { id, compensates, probes, namespace, replyto, deadline } = message;
    if (namespace !== this.by.namespace) {
      const other = printable(namespace, LONGEST_QUOTE);
      const reason = `the command is for namespace '${other}', this is '${this.by.namespace}'`;
      return { code: 'wrong_namespace', reason };
    }
    if (![id, compensates, probes].every(isStorable)) {
      return {
        code: 'unusable_id',
        reason: `an id has control characters or is longer than ${LONGEST_ID} bytes`,
      };
    }
    if (replyto !== undefined && !this.by.replyTopics.includes(replyto)) {
      const asked = printable(replyto, LONGEST_QUOTE);
      const reason = `the attribute 'replyto' asks for a reply to '${asked}'; this participant replies to ${this.by.replyTopics.join(', ')}`;
      return { code: 'foreign_replyto', reason: printable(reason, LONGEST_LIST) };
    }
    const malformed = malformedPair(id, compensates, probes);
    if (malformed !== undefined) return { code: 'malformed_message', reason: malformed };
    if (deadline !== undefined && Number.isNaN(Date.parse(deadline))) {
      return { code: 'malformed_message', reason: "the attribute 'deadline' is no time of RFC 3339" };
    }
    return undefined;
  }

  private get hasBarrier(): boolean {
    return this.by.dataSource !== undefined;
  }

  private add(type: string, handler: MessageHandler, extras: HandlerExtras): void {
    const { participant, dataSource } = this.by;
    const { contract, transaction, timeLimit, isCompensation = false, isProbe = false } = extras;
    const decorator = isProbe ? '@ProbeHandler' : isCompensation ? '@CompensationHandler' : '@CommandHandler';
    const subject = `participant '${participant}'`;
    if (contract.participant !== participant) {
      throw new DefinitionError(
        subject,
        decorator,
        `'${type}' belongs to the participant '${contract.participant}'`,
      );
    }
    if (dataSource === undefined && transaction !== undefined && transaction !== 'none') {
      throw new DefinitionError(
        subject,
        'dataSource',
        `is missing, and the handler of '${type}' asks for a transaction ('${transaction}'); give the data source, or write { transaction: 'none' }`,
      );
    }
    const form = transaction ?? (dataSource === undefined ? 'none' : 'own');
    const timeLimitMs = readTimeLimit(`${subject}, handler of '${type}'`, timeLimit);
    this.byType.set(type, { contract, handler, transaction: form, isCompensation, isProbe, timeLimitMs });
  }
}

/** The barrier would fail with it each time that it comes, and hold up its neighbours. */
function isStorable(id: string | undefined): boolean {
  if (id === undefined) return true;
  return Buffer.byteLength(id) <= LONGEST_ID && attributeProblem(id) === undefined;
}

/** What is wrong with the commands that it names, if it names some. */
function malformedPair(
  id: string,
  compensates: string | undefined,
  probes: string | undefined,
): string | undefined {
  if (compensates === undefined && probes === undefined) return undefined;
  if (compensates === '') return "the attribute 'compensates' is empty; it must name the command to undo";
  if (probes === '') return "the attribute 'probes' is empty; it must name the command that is asked about";
  if (compensates !== undefined && probes !== undefined) {
    return "it has both 'compensates' and 'probes'; a command undoes another or asks about it";
  }
  return id === (compensates ?? probes)
    ? 'it names itself as the command to undo or to ask about'
    : undefined;
}
