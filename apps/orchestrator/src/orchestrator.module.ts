import { databaseImport, HealthModule, type Surroundings } from '@bricklayer/chassis';
import type { AnySaga } from '@skald/core';
import { SagaEngine, SagaModule, type SagaModuleOptions } from '@skald/orchestrator';
import { orchestratorSchema, PostgresStore } from '@skald/postgres';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { DEAD_LETTERS } from './dead-letters.js';
import { NAMESPACE } from './namespace.js';
import { SAGAS } from './sagas.js';
import { AsyncApiController } from './rest/asyncapi.controller.js';
import { CheckedDataPipe } from './rest/checked-data.pipe.js';
import { DefinitionsController } from './rest/definitions.controller.js';
import { DeadLettersController } from './rest/dead-letters.controller.js';
import { ProblemFilter } from './rest/problem.filter.js';
import { SagasController } from './rest/sagas.controller.js';

/** The orchestrator's microservice: Bricklayer's sagas and the REST interface over them. */
@Module({
  controllers: [SagasController, DefinitionsController, AsyncApiController, DeadLettersController],
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: CheckedDataPipe },
  ],
})
export class OrchestratorModule {
  /**
   * @param overrides what a test changes of the saga module's options
   * @param sagas other ones than Bricklayer's, for tests
   */
  static forRoot(
    { namespace, databaseUrl, transport, crashProbe }: Surroundings,
    overrides: Partial<SagaModuleOptions> = {},
    sagas: readonly AnySaga[] = SAGAS,
  ): DynamicModule {
    return {
      module: OrchestratorModule,
      imports: [
        databaseImport(orchestratorSchema, databaseUrl),
        SagaModule.forRootAsync({
          inject: [DataSource],
          useFactory: (dataSource: DataSource): SagaModuleOptions => ({
            namespace,
            transport,
            store: new PostgresStore(dataSource),
            ...(crashProbe && { crashProbe }),
            ...overrides,
          }),
        }),
        SagaModule.forFeature(sagas),
        HealthModule.of(SagaEngine),
      ],
      providers: [
        { provide: NAMESPACE, useValue: namespace },
        { provide: DEAD_LETTERS, useValue: transport.deadLetters },
      ],
    };
  }
}
