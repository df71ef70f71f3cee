import { readKafkaConfig } from '@bricklayer/chassis';
import { printable } from '@skald/core';
import { KafkaTransport } from '@skald/kafka';
import { messageOf } from '@skald/ports';
import { deadLettersCommand, USAGE, UsageError } from './dead-letters-command.js';

/** `npm run dead-letters`: talks to Kafka itself, so it works while the orchestrator is down. */
const { SKALD_NAMESPACE: namespace = 'bricklayer' } = process.env;
const toStderr = (message: string): void => console.error(message);

try {
  const problems: string[] = [];
  const kafka = readKafkaConfig(process.env, problems);
  if (problems.length > 0) throw new UsageError(problems.join('; '));
  const transport = new KafkaTransport({
    ...kafka,
    clientId: 'skald-dead-letters',
    log: { log: toStderr, warn: toStderr, error: toStderr },
  });
  try {
    console.log(await deadLettersCommand(process.argv.slice(2), namespace, transport.deadLetters));
  } finally {
    await transport.close();
  }
} catch (error) {
  console.error(printable(messageOf(error)));
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  process.exitCode = 1;
}
