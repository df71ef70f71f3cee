import 'reflect-metadata';
import { LifecycleType, type OutgoingMessage, topics } from '@skald/core';
import type { Delivery, Transport } from '@skald/ports';
import { closedLoop } from '../closed-loop.js';
import { messageFor, sagaIdOf, scriptOf, type Stage, stageKey } from '../script.js';
import { PARTICIPANTS, type Variant, VARIANTS } from '../work.js';
import { benchProcess, type Role } from './bench-process.js';
import type { ProcessSettings } from './protocol.js';

/*
 * What Kafka alone would do: the messages of a saga, all of them and in their order, between three processes that decide
 * and store nothing. Which of the three it is comes as the second argument.
 */

/** What is sent when a message has come: for the orchestrator's part and the participants'. */
function answers(
  settings: ProcessSettings,
  part: 'orchestrator' | 'participants',
): Map<string, Stage['sent']> {
  const { namespace, paddingBytes } = settings;
  const found = new Map<string, Stage['sent']>();
  for (const variant of VARIANTS) {
    const stages = scriptOf(namespace, variant, paddingBytes);
    for (const [index, { cause, sent }] of stages.entries()) {
      if (part === 'orchestrator') {
        found.set(stageKey(cause.message, variant), sent);
      } else {
        const command = sent.find(({ topic }) => topic.endsWith('.commands'));
        const reply = stages[index + 1]?.cause;
        if (command && reply) found.set(stageKey(command.message, variant), [reply]);
      }
    }
  }
  return found;
}

async function echo(
  { namespace }: ProcessSettings,
  transport: Transport,
  found: ReadonlyMap<string, Stage['sent']>,
  consumed: readonly string[],
): Promise<void> {
  await transport.ensureTopics(consumed);
  await transport.consume({
    group: `${namespace}.${consumed[0]}`,
    topics: consumed,
    from: 'beginning',
    maximumBatch: 300,
    handle: async (batch) => {
      await transport.send(
        batch.flatMap(({ message }) =>
          (found.get(stageKey(message)) ?? []).map((one) => messageFor(one, message.sagaid)),
        ),
      );
      return [];
    },
  });
}

async function orchestrator(settings: ProcessSettings, transport: Transport): Promise<void> {
  const { namespace } = settings;
  await transport.ensureTopics([topics.events(namespace)]);
  const consumed = [topics.requests(namespace), topics.replies(namespace)];
  await echo(settings, transport, answers(settings, 'orchestrator'), consumed);
}

async function participants(settings: ProcessSettings, transport: Transport): Promise<void> {
  const found = answers(settings, 'participants');
  const { namespace } = settings;
  await transport.ensureTopics([topics.replies(namespace)]);
  for (const one of PARTICIPANTS) await echo(settings, transport, found, [topics.commands(namespace, one)]);
}

const ENDS: readonly string[] = [LifecycleType.completed, LifecycleType.compensated];

async function driver({ namespace, paddingBytes }: ProcessSettings, transport: Transport): Promise<Role> {
  const waiting = new Map<string, () => void>();
  const starts = new Map<Variant, OutgoingMessage | undefined>(
    VARIANTS.map((variant) => [variant, scriptOf(namespace, variant, paddingBytes)[0]?.cause]),
  );
  await transport.ensureTopics([topics.events(namespace)]);
  await transport.consume({
    group: `${namespace}.driver`,
    topics: [topics.events(namespace)],
    from: 'now',
    maximumBatch: 1_000,
    handle: (batch: readonly Delivery[]) => {
      for (const { message } of batch) if (ENDS.includes(message.type)) waiting.get(message.sagaid)?.();
      return Promise.resolve([]);
    },
  });
  let sagas = 0;
  return {
    run: async (question, answer) => {
      if (question.kind === 'open') throw new Error('the ceiling knows no open loop');
      const start = starts.get(question.variant);
      if (start === undefined) throw new Error(`there is no script of '${question.variant}'`);
      const result = await closedLoop(question, async () => {
        const id = sagaIdOf(question.variant, ++sagas);
        const ended = new Promise<void>((resolve) => {
          waiting.set(id, resolve);
        });
        await transport.send([messageFor(start, id)]);
        await ended;
        waiting.delete(id);
      });
      answer({ kind: 'result', result });
    },
    close: () => Promise.resolve(),
  };
}

const part = process.argv[3] ?? '';
await benchProcess(`echo-${part}`, async ({ settings, transport }) => {
  if (part === 'driver') return driver(settings, transport);
  await (part === 'orchestrator' ? orchestrator : participants)(settings, transport);
  return { close: () => Promise.resolve() };
});
