import { KafkaTransport } from '@skald/kafka';
import { ParticipantServer } from '@skald/participant';
import { messageOf } from '@skald/ports';
import { type DynamicModule, type INestApplication, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { listeningText } from './listening.js';
import { EscapingLogger } from './escaping-logger.js';
import type { Surroundings } from './participant-imports.js';
import { readServiceConfig, type ServiceConfig } from './service-config.js';

/** Whoever sends SIGTERM mostly sends SIGKILL after ten seconds. */
const END_WITHIN_MS = 9_000;

/**
 * Makes a participant take commands: in its own process, or beside others in one.
 *
 * @param health where its health checks are offered; nowhere without a port
 */
export async function startParticipant(
  module: DynamicModule,
  { healthPort, host }: Partial<Pick<ServiceConfig, 'healthPort' | 'host'>> = {},
): Promise<INestApplication> {
  const app = await NestFactory.create(module, { bufferLogs: false, abortOnError: false });
  app.connectMicroservice({ strategy: app.get(ParticipantServer) }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  if (healthPort !== undefined) {
    await app.listen(healthPort, host ?? '127.0.0.1');
    new Logger('Health').log(`health is told on ${listeningText(app.getHttpServer())}`);
  }
  return app;
}

/**
 * Runs a service as a process of its own: reads its configuration, starts it on Kafka, and ends it on SIGTERM or
 * SIGINT after the batch in hand, within 9 seconds.
 *
 * @param crash for crash tests only
 */
export async function runService(
  name: string,
  start: (surroundings: Surroundings, config: ServiceConfig) => Promise<INestApplication>,
  crash: Pick<Surroundings, 'crashProbe'> = {},
): Promise<void> {
  Logger.overrideLogger(new EscapingLogger());
  const log = new Logger(name);
  process.once('disconnect', giveUp);
  try {
    const config = readServiceConfig(process.env);
    const { namespace, databaseUrl, kafka } = config;
    const transport = new KafkaTransport({ ...kafka, clientId: name, log, ...crash });
    const app = await start({ namespace, databaseUrl, transport, ...crash }, config);
    process.off('disconnect', giveUp);
    endOnSignal(app, transport, log);
    log.log('ready');
    process.send?.('ready');
  } catch (error) {
    for (const line of messageOf(error).split('\n')) log.error(line);
    process.exit(1);
  }
}

/** The parent has ended before the service was up: nothing is in hand yet that would have to be finished. */
function giveUp(): never {
  process.exit(1);
}

function endOnSignal(app: INestApplication, transport: KafkaTransport, log: Logger): void {
  let ending: Promise<void> | undefined;
  const end = async (reason: string): Promise<void> => {
    log.log(`${reason}: finishing what is in hand`);
    setTimeout(() => {
      log.warn(`not finished within ${END_WITHIN_MS} ms; what is in hand comes again`);
      process.exit(1);
    }, END_WITHIN_MS);
    try {
      await app.close();
      await transport.close();
      process.exit(0);
    } catch (error) {
      log.error(error instanceof Error ? error.stack : error);
      process.exit(1);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      ending ??= end(signal);
    });
  }
  // Started by the demo or a test: without its parent nobody would ever end it.
  process.on('disconnect', () => {
    ending ??= end('the parent process has ended');
  });
}
