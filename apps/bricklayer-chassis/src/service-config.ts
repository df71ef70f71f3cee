import { validateData } from '@skald/runtime';
import { ArrayNotEmpty, IsInt, IsNotEmpty, IsString, Matches, Max, Min } from 'class-validator';

/** What a service must be told from outside. */
export class ServiceConfig {
  /** `KAFKA_BROKERS`, comma-separated. */
  @ArrayNotEmpty({ message: 'KAFKA_BROKERS must name at least one broker, e.g. localhost:9092' })
  @Matches(/^[^\s:]+:\d+$/, { each: true, message: 'KAFKA_BROKERS must be host:port, comma-separated' })
  kafkaBrokers!: string[];

  /** `DATABASE_URL` */
  @IsString({ message: 'DATABASE_URL is missing, e.g. postgres://user:password@localhost:5432/name' })
  @Matches(/^postgres(ql)?:\/\//, { message: 'DATABASE_URL must begin with postgres://' })
  databaseUrl!: string;

  /** `SKALD_NAMESPACE`. Default: bricklayer. */
  @IsString()
  @IsNotEmpty({ message: 'SKALD_NAMESPACE must not be empty' })
  namespace!: string;

  /** `PORT` of the REST interface, where there is one. Default: 3000; 0 picks a free one. */
  @IsInt({ message: 'PORT must be a number' })
  @Min(0, { message: 'PORT must not be negative' })
  @Max(65_535, { message: 'PORT must be at most 65535' })
  port!: number;
}

/** @throws Error that names every variable that is wrong, and no value */
export function readServiceConfig(env: NodeJS.ProcessEnv): ServiceConfig {
  const checked = validateData(ServiceConfig, {
    kafkaBrokers: (env['KAFKA_BROKERS'] ?? '').split(',').filter(Boolean),
    databaseUrl: env['DATABASE_URL'],
    namespace: env['SKALD_NAMESPACE'] ?? 'bricklayer',
    port: Number(env['PORT'] ?? 3_000),
  });
  if ('problems' in checked) {
    throw new Error(`the configuration is wrong:\n  ${checked.problems.join('\n  ')}`);
  }
  return checked.value;
}
