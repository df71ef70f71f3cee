import 'reflect-metadata';
import { KafkaSagaClient } from '@skald/client';
import { closedLoop } from '../closed-loop.js';
import { openLoop } from '../open-loop.js';
import { type Variant, orderOf, OrderSaga } from '../work.js';
import { benchProcess } from './bench-process.js';

/** Starts sagas over Kafka and hears of their end on the lifecycle topic, through the client library. */
await benchProcess('driver', async ({ settings: { namespace, paddingBytes }, transport }) => {
  const client = new KafkaSagaClient({ namespace, transport, name: 'bench' });
  await client.connect();

  const runOne = async (variant: Variant, id: string): Promise<void> => {
    const handle = await client.start(OrderSaga, { id, input: orderOf(variant, id, paddingBytes) });
    const { status } = await handle.result({ timeout: '2m' });
    const expected = variant === 'ok' ? 'completed' : 'compensated';
    if (status !== expected) throw new Error(`saga '${id}' ended as ${status} and not as ${expected}`);
  };

  return {
    run: async (question, answer) => {
      const { variant, name } = question;
      const one = (number: number): Promise<void> => runOne(variant, `${name}-${number}`);
      if (question.kind === 'open') {
        const result = await openLoop(question, one, (interval) => answer({ kind: 'interval', interval }));
        return answer({ kind: 'result', result });
      }
      const onProgress = (ended: number): void => answer({ kind: 'progress', ended });
      answer({ kind: 'result', result: await closedLoop({ ...question, onProgress }, one) });
    },
    close: () => client.close(),
  };
});
