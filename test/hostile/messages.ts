import { commandId, ReplyType, RequestType } from '@skald/core';
import { Charge, Release, Reserve } from './sagas.js';
import type { Inbound } from './world.js';

export type Attributes = Readonly<Record<string, unknown>>;

interface Sound {
  readonly topic: Inbound;
  /** What it has beside what all messages have. */
  readonly attributes: (name: string, namespace: string) => Attributes;
}

const request = (type: string, data: unknown, more: Attributes = {}): Sound => ({
  topic: 'requests',
  attributes: () => ({ type, data, ...more }),
});

const reply = (type: string, data: unknown): Sound => ({
  topic: 'replies',
  attributes: (name, namespace) => {
    const place = { namespace, definition: 'good@1', sagaId: victimOf(name), step: 'reserve' };
    return { type, commandid: commandId({ ...place, direction: 'do', visit: 1 }), attempt: 1, data };
  },
});

const command = (type: string, more: (name: string) => Attributes = () => ({})): Sound => ({
  topic: 'commands',
  attributes: (name, namespace) => ({
    type,
    sagaversion: 'good@1',
    step: 'reserve',
    attempt: 1,
    timeout: 60_000,
    deadline: '9999-01-01T00:00:00Z',
    replyto: `${namespace}.saga.replies`,
    data: { item: 'x' },
    ...more(name),
  }),
});

/** Every message that goes in, as it would be in order. */
const SOUND = {
  start: request(RequestType.start, { definition: 'open', version: 1, input: { item: 'x' } }),
  'child start': {
    topic: 'requests',
    attributes: (_name, namespace) => ({
      type: RequestType.start,
      replyto: `${namespace}.saga.replies`,
      data: { definition: 'open', version: 1, input: { item: 'x' } },
    }),
  },
  signal: request(RequestType.signal, { signal: 'paid', data: { item: 'x' }, answer: true }),
  call: request(RequestType.call, { call: 'price', data: { item: 'x' } }),
  cancel: request(RequestType.cancel, { reason: 'no more' }),
  get: request(RequestType.get, null),
  undo: {
    topic: 'requests',
    attributes: (name, namespace) => ({
      type: RequestType.undo,
      replyto: `${namespace}.saga.replies`,
      compensates: `${namespace}/good@1/${victimOf(name)}/reserve/do/1`,
      data: { definition: 'open', version: 1 },
    }),
  },
  succeeded: reply(ReplyType.succeeded, { place: 1 }),
  rejected: reply(ReplyType.rejected, { code: 'sold_out', message: 'none is left' }),
  failed: reply(ReplyType.failed, { code: 'failed', message: 'later' }),
  'own command': command(Reserve.type),
  'shared command': command(Charge.type),
  compensation: command(Release.type, (name) => ({ compensates: `the action of ${name}` })),
  probe: command(Reserve.type, (name) => ({ probes: `the action of ${name}` })),
} as const satisfies Readonly<Record<string, Sound>>;

export type SoundName = keyof typeof SOUND;
export const SOUND_NAMES = Object.keys(SOUND) as SoundName[];

/** The attributes that no message may lack. */
export const REQUIRED = ['specversion', 'id', 'source', 'type', 'namespace', 'sagaid'] as const;
/** All that a message may have. */
export const ATTRIBUTES = [
  ...REQUIRED,
  'time',
  'datacontenttype',
  'dataschema',
  'subject',
  'data',
  'sagaversion',
  'step',
  'attempt',
  'replyto',
  'timeout',
  'deadline',
  'compensates',
  'probes',
  'commandid',
  'requestid',
  'traceparent',
] as const;

export function topicOf(sound: SoundName): Inbound {
  return SOUND[sound].topic;
}

/** @param name its id; also in the id of the saga that it is about, which nobody else has */
export function soundMessage(sound: SoundName, name: string, namespace: string): Attributes {
  return {
    specversion: '1.0',
    id: name,
    source: '/hostile',
    namespace,
    sagaid: victimOf(name),
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    ...SOUND[sound].attributes(name, namespace),
  };
}

function victimOf(name: string): string {
  return `victim-${name}`;
}
