import type { Surroundings } from '@bricklayer/chassis';
import type { AnySaga } from '@skald/core';
import type { INestApplication } from '@nestjs/common';
import type { SagaModuleOptions } from '@skald/orchestrator';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { OrchestratorModule } from './orchestrator.module.js';

export interface RestAddress {
  /** 0 picks a free one. */
  readonly port: number;
  /** Default: 127.0.0.1. The REST interface asks for no password yet, so it is not opened to the network unasked. */
  readonly host?: string | undefined;
}

/** Starts orchestrator and REST interface, in a process of their own or beside other services. */
export async function startOrchestrator(
  surroundings: Surroundings,
  address: RestAddress,
  overrides?: Partial<SagaModuleOptions>,
  sagas?: readonly AnySaga[],
): Promise<INestApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    OrchestratorModule.forRoot(surroundings, overrides, sagas),
    {
      abortOnError: false,
    },
  );
  app.disable('x-powered-by');
  await app.listen(address.port, address.host ?? '127.0.0.1');
  return app;
}
