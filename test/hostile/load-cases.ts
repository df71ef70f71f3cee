import fc from 'fast-check';
import { BROKER_KINDS, type Hostile } from './kinds/index.js';
import { changed, hostile, type Kinds, STRUCTURED } from './kinds/hostile.js';
import { SOUND_NAMES, soundMessage, topicOf } from './messages.js';
import { INBOUND } from './world.js';

const ANY_TOPIC = fc.constantFrom(...INBOUND);
const COMMANDS = SOUND_NAMES.filter((sound) => topicOf(sound) === 'commands');

/** Of what is large one in fifty is as large as can be: ten thousand of those would be 10 GB, which takes its time to be read. */
const SIZE = fc.oneof(
  { weight: 49, arbitrary: fc.constant(2_000) },
  { weight: 1, arbitrary: fc.constant(480_000) },
);
const JUNK = fc.oneof(
  { weight: 49, arbitrary: fc.constant(2_000) },
  { weight: 1, arbitrary: fc.constant(1_048_400) },
);
const HEADERS = fc.oneof(
  { weight: 49, arbitrary: fc.constant(101) },
  { weight: 1, arbitrary: fc.constant(50_000) },
);

function kindOf(name: string): fc.Arbitrary<Hostile> {
  const kind = BROKER_KINDS[name];
  if (kind === undefined) throw new Error(`there is no kind '${name}'`);
  return kind;
}

/** Messages that once stopped a partition, a process or the relay, case by case. */
export const LOAD_CASES: Kinds = {
  'start that says where to reply': kindOf('start that says where to reply'),
  'start with a far date': kindOf('start with a far date'),
  'too large to go on': changed(
    'too large to go on',
    SIZE.map((size) => (message) => ({
      ...message,
      data: { definition: 'open', version: 1, input: { item: 'l'.repeat(size) }, item: 'l'.repeat(size) },
    })),
    { mayBeIgnored: true },
  ),
  'problems without end': changed(
    'problems without end',
    SIZE.map((size) => (message) => ({
      ...message,
      data: {
        definition: 'open',
        version: 1,
        input: Array.from({ length: size / 10 }, (_, n) => ({ [n]: n })),
      },
    })),
    { sounds: ['start'] },
  ),
  'deep JSON': kindOf('deep JSON'),
  'compressed batches': kindOf('compressed batch'),
  'huge ids': changed(
    'huge ids',
    fc
      .tuple(fc.constantFrom('id', 'type', 'namespace', 'sagaid', 'commandid'), SIZE)
      .map(([name, size]) => (message) => ({ ...message, [name]: 'h'.repeat(size) })),
    { mayBeIgnored: true },
  ),
  junk: fc
    .tuple(ANY_TOPIC, JUNK)
    .map(([topic, size]) =>
      hostile('junk', topic, false, () => ({ value: Buffer.alloc(size, 'j'), headers: {} })),
    ),
  "header with an object's own name": kindOf("header with an object's own name"),
  'many headers': fc.tuple(fc.constantFrom(...SOUND_NAMES), HEADERS).map(([name, count]) =>
    hostile('many headers', topicOf(name), true, (place) => ({
      value: JSON.stringify(soundMessage(name, place.name, place.namespace)),
      // Of one name, which takes the sender less time; how they are named makes no difference to who refuses so many.
      headers: { ...STRUCTURED, h: Array.from({ length: count }, () => 'x') },
    })),
  ),
  'empty compensates and probes': changed(
    'empty compensates and probes',
    fc.constantFrom('compensates', 'probes').map((name) => (message) => ({ ...message, [name]: '' })),
    { sounds: COMMANDS },
  ),
  'reply to no topic': changed(
    'reply to no topic',
    fc
      .constantFrom('no.such.topic', 'no name!', 'r'.repeat(2_000))
      .map((replyto) => (message) => ({ ...message, replyto })),
    { sounds: COMMANDS },
  ),
  'saga that makes what is no JSON': kindOf('saga that makes what is no JSON'),
  'nasty text': kindOf('nasty text'),
  'inexact JSON': kindOf('inexact JSON'),
};
