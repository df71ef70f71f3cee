export { HealthModule } from './health.module.js';
export type { HttpConfig } from './http-config.js';
export { type KafkaConfig, readKafkaConfig } from './kafka-config.js';
export { listeningAddress, listeningText } from './listening.js';
export { databaseImport, participantImports } from './participant-imports.js';
export type { OwnSchema, Surroundings } from './participant-imports.js';
export { runService, startParticipant } from './run-service.js';
export { readServiceConfig, ServiceConfig } from './service-config.js';
