import { KafkaTransport } from '@skald/kafka';
import { messageOf } from '@skald/ports';
import { ConsoleLogger, Logger } from '@nestjs/common';
import type { Answer, ProcessSample, ProcessSettings, Question } from './protocol.js';

export interface Surroundings {
  readonly settings: ProcessSettings;
  readonly transport: KafkaTransport;
}

type Run = Exclude<Question, { kind: 'sample' }>;

/** What a process does besides telling what it uses. */
export interface Role {
  run?(question: Run, answer: (answer: Answer) => void): Promise<void>;
  close(): Promise<void>;
}

/** Runs a process of the benchmark: its part, what it is asked, and its end, which is that of its parent at the latest. */
export async function benchProcess(
  name: string,
  begin: (around: Surroundings) => Promise<Role>,
): Promise<void> {
  process.once('disconnect', giveUp);
  Logger.overrideLogger(new ConsoleLogger({ logLevels: ['error'] }));
  const settings = JSON.parse(process.argv[2] ?? '') as ProcessSettings;
  const requests: Record<string, number> = {};
  const transport = new KafkaTransport({
    brokers: settings.brokers,
    clientId: `bench-${name}`,
    partitions: settings.partitions,
    log: new Logger(name),
    onRequest: (api) => {
      requests[api] = (requests[api] ?? 0) + 1;
    },
  });
  const role = await begin({ settings, transport });
  process.on('message', (question: Question) => {
    if (question.kind === 'sample') return answer({ kind: 'sample', sample: sampleOf(requests) });
    role.run?.(question, answer).catch((error: unknown) => {
      answer({ kind: 'failed', message: messageOf(error) });
    });
  });
  process.off('disconnect', giveUp);
  endWithParent(async () => {
    await role.close();
    await transport.close();
  });
  process.send?.('ready');
}

/** Its parent has ended before it was up. */
function giveUp(): never {
  process.exit(1);
}

function answer(message: Answer): void {
  process.send?.(message);
}

function sampleOf(requests: Readonly<Record<string, number>>): ProcessSample {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { cpuMs: (user + system) / 1_000, rssBytes: rss, heapBytes: heapUsed, requests };
}

function endWithParent(close: () => Promise<void>): void {
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    setTimeout(() => process.exit(1), 9_000);
    try {
      await close();
    } finally {
      process.exit();
    }
  };
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.on(event, () => {
      ending ??= end();
    });
  }
}
