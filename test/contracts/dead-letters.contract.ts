import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { topics } from '@skald/core';
import type { DeadLetterEntry, DeadLetterPlace, DeadLetters, TransportWithDeadLetters } from '@skald/ports';
import { uniqueName } from '../setup/real-services.js';
import { messageOf, Recorder, type TransportHarness, type WireRecord } from './transport-harness.js';

/** What can be done with the dead letters of every transport. */
export function describeDeadLetters(name: string, makeHarness: () => Promise<TransportHarness>): void {
  describe(`the dead letters of a transport: ${name}`, () => {
    let harness: TransportHarness;
    let transport: TransportWithDeadLetters;
    let deadLetters: DeadLetters;
    let namespace: string;
    let topic: string;
    let received: Recorder;

    beforeAll(async () => {
      harness = await makeHarness();
    });
    afterAll(() => harness.close());
    beforeEach(async () => {
      ({ transport } = harness.start());
      ({ deadLetters } = transport);
      namespace = uniqueName('letters');
      topic = topics.commands(namespace, 'payment');
      await transport.ensureTopics([topic]);
      received = new Recorder();
      await transport.consume(received.options(topic));
    });
    afterEach(() => transport.close());

    /** Sends what cannot be read, and waits until it was put aside. */
    async function poison(...records: Partial<WireRecord>[]): Promise<readonly DeadLetterEntry[]> {
      const { total } = await list();
      await harness.produceRaw(topic, records);
      for (;;) {
        const page = await list();
        if (page.total === total + records.length) return page.letters;
      }
    }
    const list = (more: { topic?: string; limit?: number } = {}): ReturnType<DeadLetters['list']> =>
      deadLetters.list({ namespace, limit: 100, ...more });
    const only = (letters: readonly DeadLetterEntry[]): DeadLetterEntry => {
      const [letter] = letters;
      if (letter === undefined) throw new Error('there is no letter');
      return letter;
    };
    const nowhere = (): DeadLetterPlace => ({ topic, partition: 0, offset: '4711' });

    it('are none at first', async () => {
      expect(await list()).toEqual({ letters: [], total: 0 });
    });

    it('are listed with the reason and without the payload', async () => {
      const letters = await poison({ key: 'order-7', value: 'a secret' });
      expect(letters).toEqual([
        {
          topic,
          partition: 0,
          offset: '0',
          code: 'malformed_message',
          reason: 'the value is not JSON',
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          key: 'order-7',
          origin: { partition: expect.any(Number), offset: '0' },
        },
      ]);
      expect(JSON.stringify(letters)).not.toContain('secret');
    });

    it('are listed newest first, up to the limit, and counted', async () => {
      await poison({ key: 'a', value: 'x' });
      await poison({ key: 'b', value: 'x' });
      const { letters, total } = await list({ limit: 1 });
      expect(letters.map(({ key }) => key)).toEqual(['b']);
      expect(total).toBe(2);
    });

    it('are listed for one topic or all of the namespace, and not for another', async () => {
      await poison({ key: 'a', value: 'x' });
      expect((await list({ topic })).total).toBe(1);
      expect((await list({ topic: topics.replies(namespace) })).total).toBe(0);
      expect((await deadLetters.list({ namespace: namespace.slice(0, -1), limit: 10 })).total).toBe(0);
    });

    it('show key, headers and payload as they arrived when one is asked for', async () => {
      const letters = await poison({ key: 'a', value: 'Grüße', headers: { origin: 'elsewhere' } });
      expect(await deadLetters.find(only(letters))).toEqual({
        ...only(letters),
        value: 'Grüße',
        headers: { origin: 'elsewhere' },
      });
      expect(await deadLetters.find(nowhere())).toBeUndefined();
    });

    it('are resent as they arrived, and then gone', async () => {
      const letters = await poison({ key: 'a', value: 'broken', headers: { origin: 'elsewhere' } });
      expect(await deadLetters.resend(only(letters))).toBe(true);
      const resent = (await harness.records(topic)).at(-1);
      expect(resent).toEqual({ key: 'a', value: 'broken', headers: { origin: 'elsewhere' } });
      expect(await deadLetters.find(only(letters))).toBeUndefined();
    });

    it('are letters again when they are resent and nothing was mended', async () => {
      const letters = await poison({ key: 'a', value: 'broken' });
      await deadLetters.resend(only(letters));
      for (;;) {
        const page = await list();
        if (page.total === 0) continue;
        expect(only(page.letters)).toMatchObject({ key: 'a', code: 'malformed_message' });
        expect(only(page.letters).offset).not.toBe('0');
        return;
      }
    });

    it('are handled when they are resent after what was wrong is mended', async () => {
      let knows = false;
      const learning = new Recorder(async (batch) =>
        knows ? [] : batch.map((delivery) => ({ delivery, code: 'unknown_type', reason: 'not yet' })),
      );
      const other = topics.commands(namespace, 'stock');
      await transport.ensureTopics([other]);
      await transport.consume(learning.options(other));
      await transport.send([{ topic: other, message: messageOf('a', 1) }]);
      let page = await list();
      while (page.total === 0) page = await list();
      knows = true;
      await deadLetters.resend(only(page.letters));
      await learning.untilCount(2);
      expect(learning.ids).toEqual(['a/1', 'a/1']);
      expect((await list()).total).toBe(0);
    });

    it('are gone when they are dropped, and the others stay', async () => {
      const letters = await poison({ key: 'a', value: 'x' }, { key: 'a', value: 'y' });
      expect(await deadLetters.drop(only(letters))).toBe(true);
      expect((await list()).letters).toEqual(letters.slice(1));
      expect(await harness.records(topic)).toHaveLength(2);
    });

    it('are settled once: what is gone, or never was, is neither resent nor dropped', async () => {
      const letters = await poison({ key: 'a', value: 'x' });
      await deadLetters.drop(only(letters));
      for (const place of [only(letters), nowhere(), { ...nowhere(), topic: `${namespace}.no.commands` }]) {
        expect(await deadLetters.drop(place)).toBe(false);
        expect(await deadLetters.resend(place)).toBe(false);
      }
      expect(await harness.records(topic)).toHaveLength(1);
    });
  });
}
