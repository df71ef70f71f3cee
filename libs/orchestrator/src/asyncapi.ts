import {
  type AnySaga,
  type CommandContract,
  LifecycleType,
  OwnRejection,
  ReplyType,
  RequestType,
  type SagaNode,
  templateOf,
  topics,
} from '@skald/core';
import { JsonSchemas, type JsonSchema } from './json-schemas.js';

/** An AsyncAPI 3 document. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly defaultContentType: string;
  readonly channels: Readonly<Record<string, object>>;
  readonly operations: Readonly<Record<string, object>>;
  readonly components: {
    readonly messages: Readonly<Record<string, object>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
}

const FAILURE: JsonSchema = {
  type: 'object',
  properties: { code: { type: 'string' }, message: { type: 'string' } },
  required: ['code', 'message'],
};
const ANY: JsonSchema = {};
const NOTHING_TO_UNDO: JsonSchema = {
  type: 'null',
  description: 'of a compensation whose action never came: there is nothing to undo',
};
const ASKS: JsonSchema = {
  type: 'boolean',
  description: 'whether an answer is wanted on the topic of events',
};

/**
 * Describes everything that goes over Kafka for these sagas, as the orchestrator sees it: what it sends, and what it
 * receives. Made from the definitions that it runs, so it cannot say anything else.
 *
 * @see https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncApiDocument(namespace: string, sagas: readonly AnySaga[]): AsyncApiDocument {
  return new DocumentWriter(namespace, sagas).write();
}

class DocumentWriter {
  private readonly schemas = new JsonSchemas();
  private readonly messages: Record<string, object> = {};
  private readonly channelMessages = new Map<string, Set<string>>();
  private readonly receivedOn: ReadonlySet<string>;

  constructor(
    private readonly namespace: string,
    private readonly sagas: readonly AnySaga[],
  ) {
    this.receivedOn = new Set([topics.requests(namespace), topics.replies(namespace)]);
  }

  write(): AsyncApiDocument {
    for (const contract of this.contracts()) this.command(contract);
    this.requests();
    this.events();
    const { namespace } = this;
    return {
      asyncapi: '3.0.0',
      info: {
        title: `Sagas of the namespace '${namespace}'`,
        version: '1.0.0',
        description:
          'CloudEvents 1.0 in structured mode: the value of a Kafka record is the whole event as JSON, its key is the saga id.',
      },
      defaultContentType: 'application/cloudevents+json',
      channels: this.channels(),
      operations: this.operations(),
      components: { messages: this.messages, schemas: { CloudEvent: CLOUD_EVENT, ...this.schemas.all() } },
    };
  }

  private contracts(): CommandContract[] {
    const contracts = new Map<string, CommandContract>();
    for (const node of this.sagas.flatMap((saga) => saga.nodes)) {
      for (const direction of ['do', 'undo', 'probe'] as const) {
        const command = templateOf(node, direction)?.command;
        if (command !== undefined) contracts.set(command.type, command);
      }
    }
    return [...contracts.values()];
  }

  private command(contract: CommandContract): void {
    const { type, participant, request, rejections } = contract;
    const replies = topics.replies(this.namespace);
    const name = type.replace('.', '-');
    this.message(topics.commands(this.namespace, participant), name, {
      title: type,
      summary: 'A command: perform, undo or ask about a step.',
      payload: event(type, this.schemas.reference(request), ['step', 'attempt', 'replyto', 'timeout']),
    });
    this.message(replies, `${name}-succeeded`, {
      title: `${type} succeeded`,
      payload: event(ReplyType.succeeded, this.reply(contract), ['commandid']),
    });
    const codes = [...Object.values(OwnRejection), ...rejections];
    const rejected = { ...FAILURE, properties: { ...properties(FAILURE), code: { enum: codes } } };
    this.message(replies, `${name}-rejected`, {
      title: `${type} rejected`,
      summary: 'A business no: not tried again.',
      payload: event(ReplyType.rejected, rejected, ['commandid']),
    });
    this.message(replies, `${name}-failed`, {
      title: `${type} failed`,
      summary: 'Tried again as the policy of the step says.',
      payload: event(ReplyType.failed, FAILURE, ['commandid']),
    });
  }

  private reply({ type, reply }: CommandContract): JsonSchema {
    if (reply === undefined) return ANY;
    const schema = this.schemas.reference(reply);
    const nodes = this.sagas.flatMap((saga) => saga.nodes);
    const isCompensation = nodes.some((node) => templateOf(node, 'undo')?.command.type === type);
    return isCompensation ? { anyOf: [schema, NOTHING_TO_UNDO] } : schema;
  }

  private requests(): void {
    const topic = topics.requests(this.namespace);
    const request = (name: string, type: string, title: string, data: JsonSchema): void =>
      this.message(topic, name, { title, payload: event(type, data, []) });
    for (const saga of this.sagas) {
      const data = object({
        definition: { const: saga.name },
        version: { type: 'integer' },
        input: this.schemas.reference(saga.input),
        answer: ASKS,
      });
      request(`start-${saga.name}-${saga.version}`, RequestType.start, `start '${saga.name}'`, {
        ...data,
        required: ['definition', 'input'],
      });
      for (const { call } of saga.calls) {
        const asked = object({ call: { const: call.name }, data: this.schemas.reference(call.request) });
        request(`call-${call.name}`, RequestType.call, `call '${call.name}'`, asked);
      }
      for (const { name, data: type } of saga.nodes.flatMap(signalsOf)) {
        const sent = object({ signal: { const: name }, data: this.schemas.reference(type), answer: ASKS });
        request(`signal-${name}`, RequestType.signal, `signal '${name}'`, {
          ...sent,
          required: ['signal', 'data'],
        });
      }
    }
    request('cancel', RequestType.cancel, 'cancel a saga', object({ reason: { type: 'string' } }));
    request('get', RequestType.get, 'ask how a saga stands', { type: 'object' });
  }

  private events(): void {
    for (const type of Object.values(LifecycleType)) {
      this.message(topics.events(this.namespace), type.replace('skald.', '').replaceAll('.', '-'), {
        title: type,
        payload: event(type, { type: 'object' }, []),
      });
    }
  }

  private message(topic: string, name: string, message: object): void {
    this.messages[name] = { name, contentType: 'application/cloudevents+json', ...message };
    const names = this.channelMessages.get(topic) ?? new Set();
    this.channelMessages.set(topic, names.add(name));
  }

  private channels(): Record<string, object> {
    return Object.fromEntries(
      [...this.channelMessages].map(([topic, names]) => [
        topic,
        {
          address: topic,
          messages: Object.fromEntries(
            [...names].map((name) => [name, { $ref: `#/components/messages/${name}` }]),
          ),
        },
      ]),
    );
  }

  private operations(): Record<string, object> {
    return Object.fromEntries(
      [...this.channelMessages.keys()].map((topic) => {
        const action = this.receivedOn.has(topic) ? 'receive' : 'send';
        return [
          `${action}-${topic.replaceAll('.', '-')}`,
          { action, channel: { $ref: `#/channels/${topic}` } },
        ];
      }),
    );
  }
}

function signalsOf(node: SagaNode): readonly { readonly name: string; readonly data: new () => object }[] {
  return node.kind === 'wait' ? node.signals : [];
}

function object(members: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties: members, required: Object.keys(members) };
}

function properties(schema: JsonSchema): object {
  const { properties: members } = schema;
  return typeof members === 'object' && members !== null ? members : {};
}

/** A CloudEvent of one type, with the extension attributes that it must have. */
function event(type: string, data: JsonSchema, attributes: readonly string[]): JsonSchema {
  return {
    allOf: [{ $ref: '#/components/schemas/CloudEvent' }],
    properties: { type: { const: type }, data },
    required: [...attributes],
  };
}

const TEXT: JsonSchema = { type: 'string', minLength: 1 };

/** The attributes of every message; see docs/wire-protocol.md. */
const CLOUD_EVENT: JsonSchema = {
  title: 'CloudEvent',
  type: 'object',
  properties: {
    specversion: { const: '1.0' },
    id: TEXT,
    source: TEXT,
    type: TEXT,
    time: { type: 'string', format: 'date-time' },
    datacontenttype: { const: 'application/json' },
    namespace: TEXT,
    sagaid: { type: 'string', minLength: 1, maxLength: 200 },
    sagaversion: { type: 'string', description: 'name@version of the definition' },
    step: TEXT,
    attempt: { type: 'integer', minimum: 1 },
    replyto: { type: 'string', description: 'topic of the reply' },
    timeout: {
      type: 'integer',
      minimum: 1,
      description: 'milliseconds that the participant has for one attempt',
    },
    deadline: {
      type: 'string',
      format: 'date-time',
      description: 'when the saga is turned back in any case',
    },
    compensates: { type: 'string', description: 'id of the command that this one undoes' },
    probes: { type: 'string', description: 'id of the command that this one asks about' },
    commandid: { type: 'string', description: 'id of the command that this reply answers' },
    requestid: { type: 'string', description: 'id of the request that this event answers' },
    data: {},
  },
  required: ['specversion', 'id', 'source', 'type', 'namespace', 'sagaid'],
};
