import 'reflect-metadata';
import { orchestratorSchema, PostgresStore } from '@skald/postgres';
import { DataSource } from 'typeorm';
import { pauseSelf } from './crash-probe.js';

/** Locks an instance in the middle of a batch, on a data source without any limits, and is paused while it holds it. */
const dataSource = await new DataSource({
  type: 'postgres',
  url: process.env['DATABASE_URL'] ?? '',
  entities: orchestratorSchema.entities,
}).initialize();
const store = new PostgresStore(dataSource);
try {
  await store.transact(async (turn) => {
    const instances = await turn.lock([{ namespace: 'shop', id: process.env['SAGA_ID'] ?? '' }]);
    console.log('holds the lock');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await pauseSelf();
    const updated = instances.map((instance) => ({
      instance: { ...instance, status: 'terminated' as const, revision: instance.revision + 1 },
      fromRevision: instance.revision,
    }));
    await turn.save('shop', { created: [], updated, history: [], owed: ['x'], settled: [] }, Date.now());
  });
  console.log('committed');
} catch (error) {
  console.log(`woke and failed: ${String(error)}`);
}
process.exit(0);
