import { describe, expect, it } from '@jest/globals';
import { type Message, RequestType } from '@skald/core';
import { ALIVE_MS, type ProcessNote, REMEMBERED_MS, type Store } from '@skald/ports';

const BLUE: ProcessNote = {
  id: 'blue-1',
  label: 'host a',
  definitions: [{ definition: 'order@1', hash: '0123456789abcdef' }],
};
const GREEN: ProcessNote = {
  id: 'green-1',
  label: 'host b',
  definitions: [
    { definition: 'order@1', hash: '0123456789abcdef' },
    { definition: 'order@2', hash: 'fedcba9876543210' },
  ],
};

function message(id: string, sagaid: string, type: string = RequestType.signal): Message {
  return { specversion: '1.0', id, source: '/t', type, namespace: 'shop', sagaid, data: { note: 'é 漢' } };
}

/**
 * What processes leave for each other, whatever keeps it.
 *
 * @param silence lets so many milliseconds pass by the store's own clock since all that was noted so far
 */
export function describeProcesses(open: () => Store, silence: (forMs: number) => Promise<void>): void {
  const keep = async (...parked: { definition: string; message: Message }[]): Promise<void> => {
    const changes = { created: [], updated: [], history: [], owed: [], settled: [], parked };
    await open().transact((turn) => turn.save('shop', changes, Date.now()));
  };
  const take = async (definitions: string[], limit = 10): Promise<string[]> =>
    (await open().processes.take('shop', definitions, limit)).map((kept) => kept.message.id);

  describe('its processes', () => {
    it('are told who else lives, until that one leaves', async () => {
      const { processes } = open();
      expect(await processes.beat('shop', BLUE)).toEqual([]);
      expect(await processes.beat('shop', GREEN)).toEqual([BLUE]);
      expect(await processes.beat('shop', BLUE)).toEqual([GREEN]);
      await processes.leave(GREEN.id);
      expect(await processes.beat('shop', BLUE)).toEqual([]);
    });

    it('are told what another one has learnt meanwhile', async () => {
      const { processes } = open();
      await processes.beat('shop', BLUE);
      await processes.beat('shop', { ...BLUE, definitions: GREEN.definitions });
      expect(await processes.beat('shop', GREEN)).toEqual([{ ...BLUE, definitions: GREEN.definitions }]);
    });

    it('that are patient are told of one that has fallen silent, until it says that it lives', async () => {
      const { processes } = open();
      await processes.beat('shop', BLUE);
      await silence(ALIVE_MS + 1_000);
      for (let time = 1; time <= 2; time += 1) {
        expect(await processes.beat('shop', GREEN, true)).toEqual([{ ...BLUE, isSilent: true }]);
      }
      await processes.beat('shop', BLUE);
      expect(await processes.beat('shop', GREEN, true)).toEqual([BLUE]);
    });

    it('are told nothing of a silent one that somebody who was not patient has beaten after', async () => {
      const { processes } = open();
      await processes.beat('shop', BLUE);
      await silence(ALIVE_MS + 1_000);
      await processes.beat('shop', GREEN);
      expect(await processes.beat('shop', GREEN, true)).toEqual([]);
    });

    it('are told nothing of one that has been silent for a day, nor of one that has left', async () => {
      const { processes } = open();
      await processes.beat('shop', BLUE);
      await silence(REMEMBERED_MS + 1_000);
      expect(await processes.beat('shop', GREEN, true)).toEqual([]);
      await processes.leave(GREEN.id);
      await silence(ALIVE_MS + 1_000);
      expect(await processes.beat('shop', BLUE, true)).toEqual([]);
    });

    it('do not see those of another namespace', async () => {
      const { processes } = open();
      await processes.beat('shop', BLUE);
      expect(await processes.beat('other', GREEN)).toEqual([]);
    });
  });

  describe('messages that are kept', () => {
    it('wait for a process that knows their definition, are taken up once, and are gone when they are done', async () => {
      await keep({ definition: 'order@3', message: message('m', 'o') });
      expect(await take(['order@2'])).toEqual([]);
      const [kept] = await open().processes.take('shop', ['order@2', 'order@3'], 10);
      expect(kept).toMatchObject({ message: message('m', 'o'), isAsked: false });
      expect(await take(['order@3'])).toEqual([]);
      await open().processes.done([kept?.row ?? '']);
      expect(await take(['order@3'])).toEqual([]);
    });

    it('are taken up in the order in which they were kept, as many as asked for', async () => {
      const parked = Array.from({ length: 12 }, (_, n) => ({
        definition: `order@${1 + (n % 2)}`,
        message: message(`m-${n}`, 'o'),
      }));
      await keep(...parked);
      expect(await take(['order@1', 'order@2'], 11)).toEqual(
        parked.slice(0, 11).map(({ message: { id } }) => id),
      );
      expect(await take(['order@1', 'order@2'])).toEqual(['m-11']);
    });

    it('are counted by definition, with the age of the oldest', async () => {
      expect(await open().processes.countKept('shop')).toEqual([]);
      await keep({ definition: 'order@7', message: message('m-1', 'o') });
      await keep({ definition: 'order@7', message: message('m-2', 'o') });
      await keep({ definition: 'order@6#abc', message: message('m-3', 'o') });
      await open().processes.ask('shop', 'order@5', message('m-4', 'o'));
      const counted = await open().processes.countKept('shop');
      expect(counted).toEqual([
        { definition: 'order@6#abc', count: 1, oldestMs: expect.any(Number) },
        { definition: 'order@7', count: 2, oldestMs: expect.any(Number) },
      ]);
      for (const { oldestMs } of counted) expect(oldestMs).toBeGreaterThanOrEqual(0);
      expect(await open().processes.countKept('other')).toEqual([]);
    });

    it('are kept apart by namespace', async () => {
      await keep({ definition: 'order@1', message: message('m', 'o') });
      expect(await open().processes.take('other', ['order@1'], 10)).toEqual([]);
    });

    it('tell which sagas still wait to be started', async () => {
      await keep(
        { definition: 'order@2', message: message('m-1', 'starts', RequestType.start) },
        { definition: 'order@2', message: message('m-2', 'runs') },
      );
      await take(['order@2']);
      const starts = await open().processes.keptStarts('shop', ['starts', 'runs', 'unknown']);
      expect([...starts]).toEqual([['starts', 'order@2']]);
      expect([...(await open().processes.keptStarts('other', ['starts']))]).toEqual([]);
    });
  });

  describe('requests that a process hands to another', () => {
    it('are taken up once, and their asker reads the answer', async () => {
      const { processes } = open();
      const row = await processes.ask('shop', 'order@2', message('r', 'o'));
      expect(await processes.asked(row)).toEqual({ isTaken: false });
      const [taken] = await processes.take('shop', ['order@2'], 10);
      expect(taken).toEqual({ row, message: message('r', 'o'), isAsked: true });
      expect(await processes.asked(row)).toEqual({ isTaken: true });
      await processes.answer(row, { kind: 'started', isNew: true });
      expect(await processes.withdraw(row)).toEqual({
        isTaken: true,
        answer: { kind: 'started', isNew: true },
      });
      expect(await processes.asked(row)).toBeUndefined();
    });

    it('can be withdrawn, and nobody takes them up any more; an answer that comes too late goes nowhere', async () => {
      const { processes } = open();
      const row = await processes.ask('shop', 'order@2', message('r', 'o'));
      expect(await processes.withdraw(row)).toEqual({ isTaken: false });
      expect(await take(['order@2'])).toEqual([]);
      await processes.answer(row, { kind: 'applied' });
      expect(await processes.withdraw(row)).toBeUndefined();
    });
  });
}
