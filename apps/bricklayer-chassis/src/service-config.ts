import { validateData } from '@skald/ports';
import { Allow, IsInt, IsNotEmpty, IsOptional, IsString, Matches } from 'class-validator';
import { databaseProblems } from './database-config.js';
import { type HttpConfig, readHttpConfig } from './http-config.js';
import { type KafkaConfig, readKafkaConfig } from './kafka-config.js';
import { type Bounds, readWhole } from './whole-number.js';

const PORTS: Bounds = [0, 65_535];

/** What a service must be told from outside. */
export class ServiceConfig {
  /** The `KAFKA_…` variables. */
  @Allow()
  kafka!: KafkaConfig;

  /** The `HTTP_…` variables. */
  @Allow()
  http!: HttpConfig;

  /** `DATABASE_URL`; `?sslmode=verify-full&sslrootcert=<file>` for TLS. */
  @IsString({ message: 'DATABASE_URL is missing, e.g. postgres://user:password@localhost:5432/name' })
  @Matches(/^postgres(ql)?:\/\//, { message: 'DATABASE_URL must begin with postgres://' })
  databaseUrl!: string;

  /** `SKALD_NAMESPACE`. Default: bricklayer. */
  @Matches(/^[a-z][a-z0-9-]{0,62}$/, {
    message: 'SKALD_NAMESPACE must be 1 to 63 lower-case letters, digits and hyphens, starting with a letter',
  })
  namespace!: string;

  /** `PORT` of the REST interface, where there is one. Default: 3000; 0 picks a free one. */
  @IsInt()
  port!: number;

  /** `HEALTH_PORT` of a participant's health checks. Default: none are offered; 0 picks a free one. */
  @IsOptional()
  @IsInt()
  healthPort?: number;

  /** `HOST`, the address that `PORT` and `HEALTH_PORT` are opened on. Default: 127.0.0.1. */
  @IsString()
  @IsNotEmpty({ message: 'HOST must not be empty' })
  host!: string;
}

/** @throws Error that names every variable that is wrong, and no value */
export function readServiceConfig(env: NodeJS.ProcessEnv): ServiceConfig {
  const problems: string[] = [];
  const kafka = readKafkaConfig(env, problems);
  const http = readHttpConfig(env, problems);
  const port = readWhole(env, 'PORT', PORTS, problems) ?? 3_000;
  const healthPort = readWhole(env, 'HEALTH_PORT', PORTS, problems);
  const checked = validateData(ServiceConfig, {
    databaseUrl: env['DATABASE_URL'],
    namespace: env['SKALD_NAMESPACE'] ?? 'bricklayer',
    port,
    ...(healthPort !== undefined && { healthPort }),
    host: env['HOST'] ?? '127.0.0.1',
  });
  problems.push(...databaseProblems(env['DATABASE_URL'] ?? ''));
  if ('problems' in checked) problems.push(...checked.problems);
  if ('problems' in checked || problems.length > 0) {
    throw new Error(`the configuration is wrong:\n  ${problems.join('\n  ')}`);
  }
  return { ...checked.value, kafka, http };
}
