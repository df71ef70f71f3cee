import { checkFlag, checkIdentifier, checkOptions, checkWhole, DefinitionError, topics } from '@skald/core';
import { isTopicName } from '@skald/ports';
import { readRetention } from './barrier-retention.js';
import type { ParticipantOptions } from './participant-options.js';
import { readTimeLimit } from './time-limit.js';

const DEFAULT_CONCURRENCY = 8;
const MOST_CONCURRENCY = 1_000;
const DEFAULT_BATCH = 100;
const LARGEST_BATCH = 10_000;
const DEFAULT_BYTES = 900_000;
const FEWEST_BYTES = 10_000;

/** The compiler sees that none is missing. */
const OPTIONS: Record<keyof ParticipantOptions, true> = {
  participant: true,
  namespace: true,
  transport: true,
  dataSource: true,
  sessionPooler: true,
  concurrency: true,
  maximumBatch: true,
  timeLimit: true,
  maximumMessageBytes: true,
  replyTopics: true,
  barrierRetention: true,
  crashProbe: true,
};

/** A participant's options, checked and with their defaults. */
export interface ParticipantSettings {
  readonly concurrency: number;
  readonly maximumBatch: number;
  readonly timeLimitMs: number | undefined;
  readonly maximumBytes: number;
  readonly retentionMs: number;
  /** All of them, that of the namespace first. */
  readonly replyTopics: readonly string[];
}

/** @throws DefinitionError naming the option that there is not, or its bounds */
export function readParticipantOptions(options: ParticipantOptions): ParticipantSettings {
  checkOptions('ParticipantModule', '', options, Object.keys(OPTIONS));
  const { participant, namespace, transport } = options;
  checkIdentifier('participant', 'participant', participant);
  checkIdentifier('participant', 'namespace', namespace);
  const subject = `participant '${participant}'`;
  const { concurrency = DEFAULT_CONCURRENCY, maximumBatch = DEFAULT_BATCH } = options;
  const { maximumMessageBytes = transport.maximumBytes ?? DEFAULT_BYTES, replyTopics } = options;
  checkFlag(subject, 'sessionPooler', options.sessionPooler ?? false);
  checkWhole(subject, 'concurrency', concurrency, 1, MOST_CONCURRENCY);
  checkWhole(subject, 'maximumBatch', maximumBatch, 1, LARGEST_BATCH);
  checkWhole(subject, 'maximumMessageBytes', maximumMessageBytes, FEWEST_BYTES, Number.MAX_SAFE_INTEGER);
  return {
    concurrency,
    maximumBatch,
    timeLimitMs: readTimeLimit(subject, options.timeLimit),
    maximumBytes: Math.min(maximumMessageBytes, transport.maximumBytes ?? Number.POSITIVE_INFINITY),
    retentionMs: readRetention(subject, options.barrierRetention),
    replyTopics: [topics.replies(namespace), ...checkedTopics(subject, replyTopics)],
  };
}

function checkedTopics(subject: string, names: readonly string[] | undefined): readonly string[] {
  if (names === undefined) return [];
  if (names.length > 0 && names.every((name) => typeof name === 'string' && isTopicName(name))) return names;
  throw new DefinitionError(
    subject,
    'replyTopics',
    "list the names of topics (1 to 249 letters, digits, '.', '_' and '-', and neither '.' nor '..'), or leave it out",
  );
}
