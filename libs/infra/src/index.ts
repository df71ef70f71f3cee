export type {
  FoundKafka,
  FoundPostgres,
  Infra,
  InfraOptions,
  InfraProcess,
  InfraSecurity,
  InfraService,
  Origin,
  SecuredBrokers,
} from './infra.js';
export { InfraError, type InfraErrorCode } from './infra-error.js';
export { ServiceProcess, type ServiceProcessOptions } from './service-process.js';
export { startInfra } from './start-infra.js';
export { KAFKA_VERSION } from './versions.js';
