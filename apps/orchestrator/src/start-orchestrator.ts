import { listeningAddress, type Surroundings } from '@bricklayer/chassis';
import type { AnySaga } from '@skald/core';
import type { INestApplication } from '@nestjs/common';
import type { SagaModuleOptions } from '@skald/orchestrator';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { checkAddress } from './check-address.js';
import { OrchestratorModule } from './orchestrator.module.js';
import { openDoors } from './rest/doors.js';
import { HostCheck } from './rest/host-check.js';

export interface RestAddress {
  /** 0 picks a free one. */
  readonly port: number;
  /** Default: 127.0.0.1. The REST interface asks for no password yet, so it is not opened to the network unasked. */
  readonly host?: string | undefined;
  /** Names by which it may be called, besides those of its own machine; without ports. */
  readonly allowedHosts?: readonly string[];
  /** Says that it may be opened to the network though it asks nobody for a password. */
  readonly withoutAuthentication?: boolean;
}

/**
 * Starts orchestrator and REST interface, in a process of their own or beside other services.
 *
 * @throws OpenToAllError when it is to be opened to the network, and `withoutAuthentication` does not say so
 */
export async function startOrchestrator(
  surroundings: Surroundings,
  { port, host = '127.0.0.1', allowedHosts = [], withoutAuthentication = false }: RestAddress,
  overrides?: Partial<SagaModuleOptions>,
  sagas?: readonly AnySaga[],
): Promise<INestApplication> {
  checkAddress(host, withoutAuthentication);
  const app = await NestFactory.create<NestExpressApplication>(
    OrchestratorModule.forRoot(surroundings, overrides, sagas),
    {
      abortOnError: false,
      bodyParser: false,
    },
  );
  app.disable('x-powered-by');
  openDoors(app, new HostCheck(host, allowedHosts));
  await app.listen(port, host);
  try {
    // A name may have meant another address than one thinks.
    checkAddress(listeningAddress(app.getHttpServer()).address, withoutAuthentication);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}
