export const TOPIC_KINDS = ['commands', 'replies', 'requests', 'events', 'deadLetters'] as const;

/** What a topic is for. */
export type TopicKind = (typeof TOPIC_KINDS)[number];

const ENDINGS: readonly (readonly [ending: string, kind: TopicKind])[] = [
  ['.commands', 'commands'],
  ['.saga.replies', 'replies'],
  ['.saga.requests', 'requests'],
  ['.saga.events', 'events'],
  ['.dlq', 'deadLetters'],
];

/** The kind that a topic's name tells; a topic of another name has none, and no retention of its own. */
export function kindOf(topic: string): TopicKind | undefined {
  return ENDINGS.find(([ending]) => topic.endsWith(ending))?.[1];
}
