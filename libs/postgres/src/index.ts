export { BarrierEntity } from './entities/barrier.entity.js';
export { HistoryEntity } from './entities/history.entity.js';
export { InstanceEntity } from './entities/instance.entity.js';
export { ParkedEntity } from './entities/parked.entity.js';
export { OutboxEntity } from './entities/outbox.entity.js';
export { PostgresStore } from './postgres-store.js';
export { orchestratorSchema, participantSchema } from './schema.js';
export { runMigrations } from './run-migrations.js';
export { isConnectionError } from './is-connection-error.js';
