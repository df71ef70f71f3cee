import { setTimeout as sleep } from 'node:timers/promises';
import { topics } from '@skald/core';
import { PARTICIPANTS } from '../work/contracts.js';
import type { Check, Rest } from './check.js';

/** Confirming and clearing come a moment after the work itself. */
const WITHIN_MS = 30_000;
const PAUSE_MS = 500;

/** Nothing is owed any more, nothing waits in a topic, and nothing was put aside as a dead letter. */
export const leftovers: Check = {
  name: 'leftovers',
  async run(rest) {
    const until = Date.now() + WITHIN_MS;
    for (;;) {
      const found = await leftOver(rest);
      if (found.length === 0 || Date.now() > until) return found.map((what) => ({ what }));
      await sleep(PAUSE_MS);
    }
  },
};

async function leftOver({ cluster, topicEnds }: Rest): Promise<string[]> {
  const { namespace } = cluster;
  const found: string[] = [];
  const [outbox] = await cluster.query<{ rows: number }>(
    'orchestrator',
    'SELECT count(*)::int AS rows FROM skald_outbox',
  );
  if (outbox?.rows !== 0) found.push(`${outbox?.rows} rows are left in the outbox`);
  const groups = [
    ...[topics.requests(namespace), topics.replies(namespace)].map((topic) => [
      `${namespace}.orchestrator`,
      topic,
    ]),
    ...PARTICIPANTS.map((one) => [`${namespace}.${one}`, topics.commands(namespace, one)]),
  ];
  for (const [group = '', topic = ''] of groups) {
    const lag = await topicEnds.lag(group, topic);
    if (lag !== 0) found.push(`${lag} messages of ${topic} are not confirmed`);
  }
  for (const [topic, letters] of await topicEnds.stored('.dlq')) {
    if (letters > 0) found.push(`${letters} dead letters in ${topic}`);
  }
  return found;
}
