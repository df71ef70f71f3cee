import { type CommandContract, DefinitionError, type Message } from '@skald/core';
import type { DeadLetter, Delivery } from '@skald/runtime';
import type { MessageHandler } from '@nestjs/microservices';
import type { HandlerExtras, HandlerTransaction } from './command-handler.decorator.js';

/** The longest that fits into an index of PostgreSQL, with room to spare. */
const LONGEST_ID = 2_500;
/** PostgreSQL stores neither NUL nor half a character. */
const UNSTORABLE = /[\p{Cc}\p{Surrogate}]/u;

export interface ServedCommand {
  readonly contract: CommandContract;
  readonly handler: MessageHandler;
  readonly transaction: HandlerTransaction;
  /** It undoes: a command that names no other to undo is none for it. */
  readonly isCompensation: boolean;
  /** It asks whether another happened: a command that names no other is none for it. */
  readonly isProbe: boolean;
}

interface ServedBy {
  readonly participant: string;
  readonly namespace: string;
  readonly dataSource?: object;
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

  get size(): number {
    return this.byType.size;
  }

  /** The command that the message is, or that the barrier answers it, or why it is none for this participant. */
  find(delivery: Delivery): ServedCommand | DeadLetter | 'probe' {
    const { message } = delivery;
    const served = this.byType.get(message.type);
    if (message.namespace !== this.by.namespace) {
      const reason = `the command is for namespace '${message.namespace}', this is '${this.by.namespace}'`;
      return { delivery, code: 'wrong_namespace', reason };
    }
    if (![message.id, message.compensates, message.probes].every(isStorable)) {
      const reason = `an id has control characters or is longer than ${LONGEST_ID} bytes`;
      return { delivery, code: 'unusable_id', reason };
    }
    if (message.probes !== undefined && this.hasBarrier && served?.transaction !== 'none') return 'probe';
    if (served === undefined) {
      const known = [...this.byType.keys()].join(', ');
      return {
        delivery,
        code: 'unknown_type',
        reason: `'${message.type}' is not handled here; known: ${known}`,
      };
    }
    if (served.isCompensation && !undoes(message)) {
      const reason = `'${message.type}' undoes another command; the attribute 'compensates' must say which`;
      return { delivery, code: 'compensates_missing', reason };
    }
    if (served.isProbe && !message.probes) {
      const reason = `'${message.type}' asks about another command; the attribute 'probes' must say which`;
      return { delivery, code: 'probes_missing', reason };
    }
    return served;
  }

  private get hasBarrier(): boolean {
    return this.by.dataSource !== undefined;
  }

  private add(type: string, handler: MessageHandler, extras: HandlerExtras): void {
    const { participant, dataSource } = this.by;
    const { contract, transaction, isCompensation = false, isProbe = false } = extras;
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
    this.byType.set(type, { contract, handler, transaction: form, isCompensation, isProbe });
  }
}

/** The barrier would fail with it each time that it comes, and hold up its neighbours. */
function isStorable(id: string | undefined): boolean {
  if (id === undefined) return true;
  return Buffer.byteLength(id) <= LONGEST_ID && !UNSTORABLE.test(id);
}

function undoes({ compensates }: Message): boolean {
  return compensates !== undefined && compensates !== '';
}
