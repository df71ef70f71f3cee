import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs';
import { PivotSaga, StepSaga } from '../../docs/examples/sagas.js';
import { startTestOrchestrator, type TestOrchestrator } from '../setup/orchestrator.js';
import { testKafkaBrokers } from '../setup/real-services.js';

/*
 * A participant and a caller written from docs/wire-protocol.md alone: a Kafka client and JSON, none of Skald's libraries.
 * The in-process orchestrator and a Nest-free participant for `stock` stand beside it.
 */

interface Event {
  readonly [attribute: string]: unknown;
}

describe('a service that knows only the wire protocol, on real Kafka', () => {
  let orchestrator: TestOrchestrator;
  let namespace: string;
  let producer: Producer;
  const consumers: Consumer[] = [];
  const events: Event[] = [];
  /** The payment service's ledger: what took effect, by command id. */
  const ledger = new Map<string, unknown>();
  const blocked = new Set<string>();

  beforeAll(async () => {
    orchestrator = await startTestOrchestrator([StepSaga, PivotSaga], ['stock', 'shipping']);
    ({ namespace } = orchestrator);
    const kafka = new Kafka({ brokers: testKafkaBrokers(), logLevel: logLevel.NOTHING });
    producer = kafka.producer();
    await producer.connect();
    const read = async (
      group: string,
      topic: string,
      take: (event: Event) => Promise<void>,
    ): Promise<void> => {
      const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 });
      consumers.push(consumer);
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({ eachMessage: ({ message }) => take(JSON.parse(String(message.value))) });
    };
    await read(`${namespace}.payment`, `${namespace}.payment.commands`, handle);
    await read('bare-caller', `${namespace}.saga.events`, async (event) => void events.push(event));
  });
  afterAll(async () => {
    await Promise.all(consumers.map((consumer) => consumer.disconnect()));
    await producer?.disconnect();
    await orchestrator?.stop();
  });

  async function handle(command: Event): Promise<void> {
    const id = String(command['id']);
    const compensates = command['compensates'];
    const price = Number((command['data'] as Event)['price']);
    let type = 'skald.reply.succeeded';
    let data: unknown = null;
    if (typeof compensates === 'string') {
      if (!ledger.delete(compensates)) blocked.add(compensates);
    } else if (price > 100) {
      type = 'skald.reply.rejected';
      data = { code: 'no_money', message: 'too dear' };
    } else if (!blocked.has(id)) {
      data = ledger.get(id) ?? { paymentId: `paid ${price}` };
      ledger.set(id, data);
    }
    const { sagaid, replyto, attempt } = command;
    await send(String(replyto), { id: `${id}/reply`, type, sagaid, commandid: id, attempt, data });
  }

  async function send(topic: string, attributes: Event): Promise<void> {
    const event = { specversion: '1.0', source: '/bare-client', namespace, ...attributes };
    await producer.send({
      topic,
      messages: [{ key: String(attributes['sagaid']), value: JSON.stringify(event) }],
    });
  }

  async function startAndWait(definition: string, sagaid: string, price: number): Promise<Event> {
    const data = { definition, input: { item: 'hat', price } };
    await send(`${namespace}.saga.requests`, {
      id: `start ${sagaid}`,
      type: 'skald.saga.start',
      sagaid,
      data,
    });
    for (let tries = 0; tries < 300; tries += 1) {
      const end = events.find(
        (event) => event['sagaid'] === sagaid && /\.(completed|compensated)$/.test(String(event['type'])),
      );
      if (end !== undefined) return end;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`saga ${sagaid} did not end`);
  }

  it('takes part in a saga that completes, beside other participants', async () => {
    const end = await startAndWait('a-pivot', 'bare-1', 30);
    expect(end).toMatchObject({ type: 'skald.saga.completed', data: { output: { paymentId: 'paid 30' } } });
    expect([...ledger.keys()]).toEqual([
      expect.stringMatching(new RegExp(`^${namespace}/a-pivot@1/bare-1/\\w+/pay/do/1$`)),
    ]);
  });

  it('takes part in a saga that is compensated', async () => {
    const end = await startAndWait('a-pivot', 'bare-2', 500);
    expect(end).toMatchObject({
      type: 'skald.saga.compensated',
      data: { failure: { step: 'pay', outcome: 'rejected', code: 'no_money' } },
    });
    expect(orchestrator.handled.filter((type) => type === 'stock.release')).toHaveLength(1);
  });

  it('hears every lifecycle event of a saga, in order, each with an id of its own', async () => {
    await startAndWait('a-step', 'bare-3', 7);
    const own = events.filter(({ sagaid }) => sagaid === 'bare-3');
    expect(own.map(({ type }) => type)).toEqual([
      'skald.saga.started',
      'skald.saga.step-done',
      'skald.saga.step-done',
      'skald.saga.completed',
    ]);
    expect(new Set(own.map(({ id }) => id)).size).toBe(4);
  });

  it('is told when its request is refused', async () => {
    await send(`${namespace}.saga.requests`, {
      id: 'start bare-4',
      type: 'skald.saga.start',
      sagaid: 'bare-4',
      data: { definition: 'dance', input: {} },
    });
    for (
      let tries = 0;
      tries < 200 && !events.some(({ requestid }) => requestid === 'start bare-4');
      tries += 1
    ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(events.find(({ requestid }) => requestid === 'start bare-4')).toMatchObject({
      type: 'skald.request.refused',
      data: { code: 'unknown_definition' },
    });
  });
});
