import { type ParticipantOptions, ParticipantModule, ParticipantServer } from '@skald/participant';
import { connectionLimits, participantSchema } from '@skald/postgres';
import type { TransportWithDeadLetters } from '@skald/ports';
import type { ModuleMetadata } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { HealthModule } from './health.module.js';
import { openDataSource } from './open-data-source.js';

/** What differs between a service as a process of its own and one that lives with others in one process. */
export interface Surroundings {
  readonly namespace: string;
  readonly databaseUrl: string;
  readonly transport: TransportWithDeadLetters;
  readonly crashProbe?: ParticipantOptions['crashProbe'];
}

/** The service's own tables; those of the barrier are added. */
export interface OwnSchema {
  readonly entities: readonly (new () => object)[];
  readonly migrations: readonly (new () => object)[];
}

/** The modules that every participant of Bricklayer needs: its database, its part in sagas, its health checks. */
export function participantImports(
  participant: string,
  own: OwnSchema,
  { namespace, databaseUrl, transport, crashProbe }: Surroundings,
): NonNullable<ModuleMetadata['imports']> {
  const participantModule = ParticipantModule.forRootAsync({
    inject: [DataSource],
    useFactory: (dataSource: DataSource) => ({
      participant,
      namespace,
      transport,
      dataSource,
      ...(crashProbe && { crashProbe }),
    }),
  });
  return [
    databaseImport(
      {
        entities: [...own.entities, ...participantSchema.entities],
        migrations: [...own.migrations, ...participantSchema.migrations],
      },
      databaseUrl,
    ),
    TypeOrmModule.forFeature([...own.entities]),
    participantModule,
    HealthModule.of(ParticipantServer, [participantModule]),
  ];
}

/** A service's one database, migrated before anything uses it. */
export function databaseImport(
  schema: OwnSchema,
  url: string,
): ReturnType<typeof TypeOrmModule.forRootAsync> {
  return TypeOrmModule.forRootAsync({
    useFactory: (): TypeOrmModuleOptions => ({
      type: 'postgres',
      url,
      entities: [...schema.entities],
      migrations: [...schema.migrations],
      toRetry: () => false, // what waiting can mend is waited for below
      ...connectionLimits(),
    }),
    dataSourceFactory: (options) => {
      if (options === undefined) throw new Error('the data source has no options');
      return openDataSource(options);
    },
  });
}
