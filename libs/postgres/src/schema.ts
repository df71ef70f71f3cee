import { BarrierEntity } from './entities/barrier.entity.js';
import { HistoryEntity } from './entities/history.entity.js';
import { InstanceEntity } from './entities/instance.entity.js';
import { OutboxEntity } from './entities/outbox.entity.js';
import { ParkedEntity } from './entities/parked.entity.js';
import { ProcessEntity } from './entities/process.entity.js';
import { RemovedEntity } from './entities/removed.entity.js';
import { OrchestratorTables1763600000000 } from './migrations/1763600000000-orchestrator-tables.js';
import { ParticipantTables1763600000001 } from './migrations/1763600000001-participant-tables.js';
import { BarrierAge1763600000002 } from './migrations/1763600000002-barrier-age.js';
import { BarrierDigest1763600000010 } from './migrations/1763600000010-barrier-digest.js';
import { Processes1763600000030 } from './migrations/1763600000030-processes.js';
import { RemovedInstances1763700000001 } from './migrations/1763700000001-removed-instances.js';
import { StartIds1763700000002 } from './migrations/1763700000002-start-ids.js';

/** For the `entities` and `migrations` of the TypeORM data source that the orchestrator uses. */
export const orchestratorSchema = {
  entities: [InstanceEntity, HistoryEntity, OutboxEntity, ParkedEntity, ProcessEntity, RemovedEntity],
  migrations: [
    OrchestratorTables1763600000000,
    Processes1763600000030,
    RemovedInstances1763700000001,
    StartIds1763700000002,
  ],
};

/** For the `entities` and `migrations` of each participant's own data source. */
export const participantSchema = {
  entities: [BarrierEntity],
  migrations: [ParticipantTables1763600000001, BarrierAge1763600000002, BarrierDigest1763600000010],
};
