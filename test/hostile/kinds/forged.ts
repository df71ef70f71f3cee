import { ReplyType } from '@skald/core';
import fc from 'fast-check';
import { type Attributes, SOUND_NAMES, soundMessage, topicOf } from '../messages.js';
import { INBOUND } from '../world.js';
import { type Change, changed, hostile, type Hostile, type Kinds, STRUCTURED } from './hostile.js';

const COMMANDS = SOUND_NAMES.filter((sound) => topicOf(sound) === 'commands');

/** Replies and commands that nobody has sent for, and what was sent for, again or elsewhere. */
export const FORGED_KINDS: Kinds = {
  'forged reply': changed(
    'forged reply',
    fc.constantFrom<Change>(
      (message) => ({ ...message, commandid: 'x' }),
      (message) => ({ ...message, commandid: `${String(message['commandid'])}/1` }),
      (message, { namespace }) => ({
        ...message,
        commandid: `${namespace}/good@1/${String(message['sagaid'])}//completed/3`,
      }),
      (message) => ({ ...message, data: { place: 'far' } }),
      (message) => ({
        ...message,
        type: ReplyType.rejected,
        data: { code: 'x'.repeat(100_000), message: '\u0007' },
      }),
      (message) => ({ ...message, type: ReplyType.failed, attempt: 1e9 }),
      (message) => message,
      ...['no%20step/do/1', 'reserve/do/99', 'reserve/undo/1', 'reserve/probe/1', 'charge/do/7.2'].map(
        (rest): Change =>
          (message, { namespace, good }) => ({
            ...message,
            sagaid: good,
            commandid: `${namespace}/good@1/${good}/${rest}`,
          }),
      ),
      (message, { namespace, good }) => ({
        ...message,
        sagaid: good,
        commandid: `${namespace}/good@7/${good}/reserve/do/1`,
      }),
      (message, { namespace, good }) => ({
        ...message,
        sagaid: good,
        commandid: `${namespace}/good@1/${good}/anotherlife/reserve/do/1`,
      }),
      (message, { good }) => ({ ...message, commandid: `other/good@1/${good}/reserve/do/1`, sagaid: good }),
    ),
    { sounds: ['succeeded', 'rejected', 'failed'], mayBeIgnored: true },
  ),
  'bad command': changed(
    'bad command',
    fc
      .constantFrom<Attributes>(
        { data: {} },
        { data: null },
        { data: { item: 7 } },
        { data: { item: 'd'.repeat(600_000) } },
        { type: 'stock.dance' },
        { type: 'stock.release', compensates: undefined },
        { compensates: '' },
        { compensates: 'x', probes: 'y' },
        { probes: '' },
        { replyto: 'no.such.topic' },
        { replyto: 'not a topic!' },
        { replyto: undefined },
        { attempt: 0 },
        { deadline: 'soon' },
        { deadline: '1970-01-01T00:00:00Z' },
        { timeout: 1 },
      )
      .map((more) => (message) => ({ ...message, ...more })),
    { sounds: COMMANDS },
  ),
  'command that names itself': changed(
    'command that names itself',
    fc
      .constantFrom('compensates', 'probes')
      .map((attribute) => (message) => ({ ...message, [attribute]: message['id'] })),
    { sounds: COMMANDS },
  ),
  'wrong topic': fc
    .record({ sound: fc.constantFrom(...SOUND_NAMES), topic: fc.constantFrom(...INBOUND) })
    .filter(({ sound, topic }) => topicOf(sound) !== topic)
    .map(({ sound, topic }) =>
      hostile('wrong topic', topic, true, ({ name, namespace }) => ({
        value: JSON.stringify(soundMessage(sound, name, namespace)),
        headers: STRUCTURED,
      })),
    ),
  'sent again': fc
    .record({
      topic: fc.constantFrom(...INBOUND),
      when: fc.constantFrom('amid', 'after'),
      which: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    })
    .map(({ topic, when, which }): Hostile => ({
      kind: `real ${topic} sent again`,
      mayBeIgnored: true,
      topic,
      when,
      make: ({ real }) => ({
        value: real[Math.floor(which * real.length)]?.value ?? '',
        headers: STRUCTURED,
      }),
    })),
};
