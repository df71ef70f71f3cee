import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  InvalidInputError,
  KafkaSagaClient,
  RestSagaClient,
  type SagaClient,
  SagaTimeoutError,
} from '@skald/client';
import { Approved, ChangeAddress } from '../../docs/examples/contracts.js';
import { CallSaga, DeadlineSaga, PivotSaga, StepSaga } from '../../docs/examples/sagas.js';
import { startTestOrchestrator, type TestOrchestrator } from '../setup/orchestrator.js';

const ORDER = { item: 'hat', price: 30 };
const BY = { by: 'ada' };

describe('clients, on real Kafka and real PostgreSQL', () => {
  let orchestrator: TestOrchestrator;
  const clients = new Map<string, SagaClient>();

  beforeAll(async () => {
    const sagas = [StepSaga, PivotSaga, CallSaga, DeadlineSaga];
    orchestrator = await startTestOrchestrator(sagas, ['stock', 'payment', 'mail']);
    const { namespace, url } = orchestrator;
    const kafka = new KafkaSagaClient({ namespace, transport: orchestrator.transport(), name: 'test' });
    await kafka.connect();
    clients.set('Kafka', kafka);
    clients.set('REST', new RestSagaClient({ namespace, url }));
  });
  afterAll(async () => {
    for (const client of clients.values()) await client.close();
    await orchestrator?.stop();
  });

  describe.each(['Kafka', 'REST'])('over %s', (way) => {
    const sagas = (): SagaClient => {
      const client = clients.get(way);
      if (client === undefined) throw new Error(`no client over ${way}`);
      return client;
    };
    let count = 0;
    const newId = (): string => {
      count += 1;
      return `${way}-${count}`;
    };

    it('starts a saga and waits for its output', async () => {
      const handle = await sagas().start(StepSaga, { id: newId(), input: ORDER });
      expect(await handle.result()).toEqual({ status: 'completed', output: { reservationId: 'r-1' } });
    });

    it('gives the same saga for the same id, and its outcome though it has ended', async () => {
      const id = newId();
      await (await sagas().start(StepSaga, { id, input: ORDER })).result();
      expect(await (await sagas().start(StepSaga, { id, input: ORDER })).result()).toMatchObject({
        status: 'completed',
      });
    });

    it('refuses input that does not fit its class before anything is sent', async () => {
      const start = sagas().start(StepSaga, { id: newId(), input: { item: 'hat', price: 1.5 } });
      await expect(start).rejects.toThrow(InvalidInputError);
      await expect(start).rejects.toThrow(/price must be an integer/);
    });

    it('tells that an id exists with other input', async () => {
      const id = newId();
      await (await sagas().start(StepSaga, { id, input: ORDER })).result();
      const again = async (): Promise<unknown> =>
        (await sagas().start(StepSaga, { id, input: { ...ORDER, price: 1 } })).result();
      await expect(again()).rejects.toMatchObject({ code: 'saga_exists' });
    });

    it('follows a saga that was started before, running or ended', async () => {
      const id = newId();
      await sagas().start(DeadlineSaga, { id, input: ORDER });
      const running = await sagas().follow(DeadlineSaga, id);
      await sagas().signal(id, Approved, BY);
      expect(await running.result()).toMatchObject({ status: 'completed' });
      expect(await (await sagas().follow(DeadlineSaga, id)).result()).toMatchObject({ status: 'completed' });
    });

    it('tells when there is no saga to follow', async () => {
      const handle = await sagas().follow(StepSaga, 'nobody');
      await expect(handle.result()).rejects.toMatchObject({ code: 'unknown_saga' });
      expect(await sagas().get(StepSaga, 'nobody')).toBeUndefined();
    });

    it('gets how a saga stands', async () => {
      const id = newId();
      await sagas().start(DeadlineSaga, { id, input: ORDER });
      expect(await sagas().get(DeadlineSaga, id)).toMatchObject({
        status: 'running',
        definition: 'a-deadline',
        version: 1,
      });
    });

    it('calls a saga and gets its answer, the same for a copy', async () => {
      const id = newId();
      await sagas().start(CallSaga, { id, input: ORDER });
      const options = { messageId: `${id}/m-1` };
      expect(await sagas().call(id, ChangeAddress, { street: 'Main Street' }, options)).toEqual({
        accepted: true,
      });
      expect(await sagas().call(id, ChangeAddress, { street: 'Other' }, options)).toEqual({ accepted: true });
      await expect(sagas().call(id, ChangeAddress, { street: '' })).rejects.toMatchObject({
        code: 'shipped_already',
      });
    });

    it('cancels a saga, and is told when that is too late', async () => {
      const id = newId();
      const handle = await sagas().start(CallSaga, { id, input: ORDER });
      await sagas().cancel(id, 'a test');
      expect(await handle.result()).toMatchObject({ status: 'compensated', failure: { code: 'cancelled' } });
      await expect(sagas().cancel(id, 'again')).rejects.toMatchObject({ code: 'ended' });
    });

    it('gives up waiting after the timeout, and the saga goes on', async () => {
      const id = newId();
      const handle = await sagas().start(DeadlineSaga, { id, input: ORDER });
      await expect(handle.result({ timeout: '200ms' })).rejects.toThrow(SagaTimeoutError);
      await sagas().signal(id, Approved, BY);
      expect(await handle.result()).toMatchObject({ status: 'completed' });
    });
  });
});
