import { type ParticipantOptions, ParticipantModule } from '@skald/participant';
import { participantSchema, runMigrations } from '@skald/postgres';
import type { TransportWithDeadLetters } from '@skald/runtime';
import type { ModuleMetadata } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

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

/** The two modules that every participant of Bricklayer needs: its database and its part in sagas. */
export function participantImports(
  participant: string,
  own: OwnSchema,
  { namespace, databaseUrl, transport, crashProbe }: Surroundings,
): NonNullable<ModuleMetadata['imports']> {
  return [
    databaseImport(
      {
        entities: [...own.entities, ...participantSchema.entities],
        migrations: [...own.migrations, ...participantSchema.migrations],
      },
      databaseUrl,
    ),
    TypeOrmModule.forFeature([...own.entities]),
    ParticipantModule.forRootAsync({
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => ({
        participant,
        namespace,
        transport,
        dataSource,
        ...(crashProbe && { crashProbe }),
      }),
    }),
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
      retryAttempts: 10,
      retryDelay: 1_000,
    }),
    dataSourceFactory: async (options) => {
      if (options === undefined) throw new Error('the data source has no options');
      const dataSource = await new DataSource(options).initialize();
      await runMigrations(dataSource);
      return dataSource;
    },
  });
}
