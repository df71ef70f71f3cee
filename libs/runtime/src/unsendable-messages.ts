import { type CommandRef, definitionRef, type OutgoingMessage, parseId, reducedMessage } from '@skald/core';
import { type Log, MessageRefusedError, type Store, type Transport } from '@skald/ports';
import type { DefinitionRegistry } from './definition-registry.js';
import type { FaultyWork } from './faulty-work.js';

/** A message that is owed and can never be sent: too large, its topic missing, or its definition cannot make it. */
export interface UnsendableMessage {
  readonly id: string;
  /** For people; quotes nothing of its content. */
  readonly reason: string;
}

export interface UnsendableMessagesOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly definitions: DefinitionRegistry;
  readonly log: Log;
  readonly faulty: FaultyWork;
}

/**
 * Ends in another way what can never be sent: a saga whose command that is is suspended with the reason; of an event, or an
 * answer to a parent, a short form goes out.
 */
export class UnsendableMessages {
  constructor(private readonly options: UnsendableMessagesOptions) {}

  async end(messages: readonly UnsendableMessage[]): Promise<void> {
    const others: UnsendableMessage[] = [];
    for (const one of messages) {
      const ref = parseId(one.id);
      if ('event' in ref) others.push(one);
      else await this.stop(ref, one.reason);
    }
    if (others.length > 0) await this.sendShort(others);
  }

  private async stop(command: CommandRef, reason: string): Promise<void> {
    const { faulty } = this.options;
    const key = { namespace: command.namespace, id: command.sagaId };
    const fault = {
      code: 'message_refused',
      message: `the command of '${command.step}' cannot be sent: ${reason}`,
    };
    await faulty.stop(key, fault, command);
  }

  private async sendShort(messages: readonly UnsendableMessage[]): Promise<void> {
    const { store, transport, log } = this.options;
    const keys = messages.map(({ id }) => {
      const { namespace, sagaId } = parseId(id);
      return { namespace, id: sagaId };
    });
    const found = new Map((await store.find(keys)).map((instance) => [instance.id, instance]));
    const short: OutgoingMessage[] = [];
    for (const { id, reason } of messages) {
      const instance = found.get(parseId(id).sagaId);
      const definition = instance && this.options.definitions.byReference(definitionRef(instance.definition));
      const message = instance && definition && this.shortOf(() => reducedMessage(definition, instance, id));
      if (message === undefined) log.error(`${id} cannot be sent and is given up: ${reason}`);
      else short.push(message);
    }
    try {
      await transport.send(short);
    } catch (error) {
      if (!(error instanceof MessageRefusedError)) throw error;
      for (const { message, reason } of error.refused) {
        log.error(`${message.id} cannot be sent even in short form, and is given up: ${reason}`);
      }
    }
  }

  private shortOf(make: () => OutgoingMessage | undefined): OutgoingMessage | undefined {
    try {
      return make();
    } catch {
      return undefined;
    }
  }
}
