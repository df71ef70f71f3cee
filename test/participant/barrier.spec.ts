import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Barrier, type FinalOutcome } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import type { EntityManager } from 'typeorm';
import { freshDatabase } from '../setup/real-services.js';

const CHARGE = { id: 'shop/order@1/o-1/charge/do/1' };
const REFUND = { id: 'shop/order@1/o-1/charge/undo/1', compensates: CHARGE.id };
const DONE: FinalOutcome = { kind: 'succeeded', data: { paymentId: 'p-1' } };
const UNDONE: FinalOutcome = { kind: 'succeeded', data: null };
const NO: FinalOutcome = { kind: 'rejected', code: 'no_money', message: '' };

describe.each([false, true])('the barrier on real PostgreSQL, pipelined: %s', (pipeline) => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let barrier: Barrier;

  beforeAll(async () => {
    database = await freshDatabase(participantSchema, { pipeline });
    await database.dataSource.query('CREATE TABLE payment (what text)');
    barrier = new Barrier(database.dataSource);
  });
  afterAll(() => database.drop());
  beforeEach(() => database.dataSource.query('TRUNCATE skald_barrier, payment'));

  /** A handler whose effect is a row. */
  const effect =
    (what: string, outcome: FinalOutcome = DONE) =>
    async (transaction: EntityManager): Promise<FinalOutcome> => {
      await transaction.query('INSERT INTO payment VALUES ($1)', [what]);
      return outcome;
    };
  const effects = async (): Promise<string[]> => {
    const rows: { what: string }[] = await database.dataSource.query('SELECT what FROM payment');
    return rows.map(({ what }) => what);
  };

  it('lets a command take effect and keeps its reply', async () => {
    expect(await barrier.pass(CHARGE, effect('charged'))).toEqual(DONE);
    expect(await effects()).toEqual(['charged']);
  });

  it('duplicate: gives the stored reply again, without the effect', async () => {
    await barrier.pass(CHARGE, effect('charged'));
    expect(await barrier.pass(CHARGE, effect('charged again', UNDONE))).toEqual(DONE);
    expect(await effects()).toEqual(['charged']);
  });

  it('two replicas at once: one handles the command, the other waits and gives its reply', async () => {
    const slow = async (transaction: EntityManager): Promise<FinalOutcome> => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return effect('charged')(transaction);
    };
    const replies = await Promise.all([1, 2, 3, 4].map(() => barrier.pass(CHARGE, slow)));
    expect(replies).toEqual([DONE, DONE, DONE, DONE]);
    expect(await effects()).toEqual(['charged']);
  });

  it('undoes what was done', async () => {
    await barrier.pass(CHARGE, effect('charged'));
    expect(await barrier.pass(REFUND, effect('refunded', UNDONE))).toEqual(UNDONE);
    expect(await effects()).toEqual(['charged', 'refunded']);
  });

  it('duplicate compensation: undoes once', async () => {
    await barrier.pass(CHARGE, effect('charged'));
    await barrier.pass(REFUND, effect('refunded', UNDONE));
    expect(await barrier.pass(REFUND, effect('refunded again', UNDONE))).toEqual(UNDONE);
    expect(await effects()).toEqual(['charged', 'refunded']);
  });

  it('empty compensation: answers and undoes nothing when the action never came', async () => {
    expect(await barrier.pass(REFUND, effect('refunded'))).toEqual(UNDONE);
    expect(await effects()).toEqual([]);
    expect(await barrier.pass(REFUND, effect('refunded'))).toEqual(UNDONE);
    expect(await effects()).toEqual([]);
  });

  it('late action: is refused when its compensation came first', async () => {
    await barrier.pass(REFUND, effect('refunded'));
    expect(await barrier.pass(CHARGE, effect('charged'))).toMatchObject({
      kind: 'rejected',
      code: 'compensated_before',
    });
    expect(await effects()).toEqual([]);
  });

  it('racing compensation: waits for the action in hand, then undoes it', async () => {
    const slow = async (transaction: EntityManager): Promise<FinalOutcome> => {
      const outcome = await effect('charged')(transaction);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return outcome;
    };
    const action = barrier.pass(CHARGE, slow);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await barrier.pass(REFUND, effect('refunded', UNDONE))).toEqual(UNDONE);
    await action;
    expect(await effects()).toEqual(['charged', 'refunded']);
  });

  it('racing compensation: undoes nothing when the action in hand is rolled back', async () => {
    const doomed = async (transaction: EntityManager): Promise<FinalOutcome> => {
      await effect('charged')(transaction);
      await new Promise((resolve) => setTimeout(resolve, 300));
      throw new Error('boom');
    };
    const action = barrier.pass(CHARGE, doomed);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const compensation = barrier.pass(REFUND, effect('refunded', UNDONE));
    await expect(action).rejects.toThrow('the handler failed');
    expect(await compensation).toEqual(UNDONE);
    expect(await effects()).toEqual([]);
  });

  it('leaves nothing of a handler that throws, so that the command can be tried again', async () => {
    const failing = async (transaction: EntityManager): Promise<FinalOutcome> => {
      await effect('charged')(transaction);
      throw new Error('boom');
    };
    await expect(barrier.pass(CHARGE, failing)).rejects.toMatchObject({ cause: new Error('boom') });
    expect(await effects()).toEqual([]);
    expect(await barrier.pass(CHARGE, effect('charged'))).toEqual(DONE);
  });

  it.each<[string, (error: unknown) => never]>([
    [
      'its own error',
      (error) => {
        throw error;
      },
    ],
    [
      'another error',
      () => {
        throw new Error('could not charge');
      },
    ],
  ])('does not blame the handler for a connection that went, when it throws %s', async (_what, react) => {
    const cutOff = async (transaction: EntityManager): Promise<FinalOutcome> => {
      await effect('charged')(transaction);
      try {
        await transaction.query('SELECT pg_terminate_backend(pg_backend_pid())');
      } catch (error) {
        react(error);
      }
      return DONE;
    };

    await expect(barrier.pass(CHARGE, cutOff)).rejects.toThrow('the database went away');

    expect(await effects()).toEqual([]);
    expect(await barrier.pass(CHARGE, effect('charged'))).toEqual(DONE);
    expect(await effects()).toEqual(['charged']);
  });

  it('keeps nothing of a handler that hides that its connection went', async () => {
    const hiding = async (transaction: EntityManager): Promise<FinalOutcome> => {
      await transaction.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
      return DONE;
    };

    await expect(barrier.pass(CHARGE, hiding)).rejects.toThrow('the database went away');

    expect(await barrier.pass(CHARGE, effect('charged'))).toEqual(DONE);
  });

  it('blames the handler for another server that does not answer, since its own database does', async () => {
    const calling = async (): Promise<FinalOutcome> => {
      throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    };

    await expect(barrier.pass(CHARGE, calling)).rejects.toThrow('the handler failed');
  });

  it('rolls back what a handler changed before it said no, and keeps the no', async () => {
    expect(await barrier.pass(CHARGE, effect('charged', NO))).toEqual(NO);
    expect(await effects()).toEqual([]);
    expect(await barrier.pass(CHARGE, effect('charged'))).toEqual(NO);
    expect(await effects()).toEqual([]);
  });

  it('has nothing to undo of an action that was refused', async () => {
    await barrier.pass(CHARGE, effect('charged', NO));
    expect(await barrier.pass(REFUND, effect('refunded', UNDONE))).toEqual(UNDONE);
    expect(await effects()).toEqual([]);
  });

  describe('a probe', () => {
    const PROBE = { id: 'shop/order@1/o-1/charge/probe/1', probes: CHARGE.id };
    const unheard = (): Promise<never> => Promise.reject(new Error('the barrier answers'));
    const happened = (data: object): FinalOutcome => ({ kind: 'succeeded', data });

    it('is told that the action happened, and its reply', async () => {
      await barrier.pass(CHARGE, effect('charged'));
      const answer = happened({ happened: true, reply: { paymentId: 'p-1' } });
      expect(await barrier.pass(PROBE, unheard)).toEqual(answer);
      expect(await barrier.pass(PROBE, unheard)).toEqual(answer);
    });

    it('is told that it did not, and from then on it cannot', async () => {
      expect(await barrier.pass(PROBE, unheard)).toEqual(happened({ happened: false }));
      expect(await barrier.pass(CHARGE, effect('charged'))).toMatchObject({ code: 'probed_before' });
      expect(await effects()).toEqual([]);
      expect(await barrier.pass(PROBE, unheard)).toEqual(happened({ happened: false }));
    });

    it('is told that it did not when it was refused', async () => {
      await barrier.pass(CHARGE, effect('charged', NO));
      expect(await barrier.pass(PROBE, unheard)).toEqual(happened({ happened: false }));
    });

    it('waits for an action in hand', async () => {
      const slow = async (transaction: EntityManager): Promise<FinalOutcome> => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return effect('charged', UNDONE)(transaction);
      };
      const action = barrier.pass(CHARGE, slow);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await barrier.pass(PROBE, unheard)).toEqual(happened({ happened: true }));
      await action;
    });
  });

  it("lets a handler's own transaction inside be rolled back alone", async () => {
    const nested = async (transaction: EntityManager): Promise<FinalOutcome> => {
      const inner = transaction.transaction(async (own) => {
        await effect('inner')(own);
        throw new Error('no');
      });
      await expect(inner).rejects.toThrow('no');
      return effect('outer')(transaction);
    };
    expect(await barrier.pass(CHARGE, nested)).toEqual(DONE);
    expect(await effects()).toEqual(['outer']);
  });

  it('fails, and leaves the connection as it was, when a subscriber forbids the transaction', async () => {
    const { subscribers } = database.dataSource;
    const forbidding = { beforeTransactionStart: () => Promise.reject(new Error('not today')) };
    subscribers.push(forbidding);
    try {
      await expect(barrier.pass(CHARGE, effect('charged'))).rejects.toThrow('not today');
    } finally {
      subscribers.splice(subscribers.indexOf(forbidding), 1);
    }
    expect(await barrier.pass(CHARGE, effect('charged'))).toEqual(DONE);
    expect(await effects()).toEqual(['charged']);
  });

  it('keeps the effect out when the process ends before the commit', async () => {
    const crash = (): Promise<void> => Promise.reject(new Error('crashed'));
    await expect(barrier.pass(CHARGE, effect('charged'), { beforeCommit: crash })).rejects.toThrow('crashed');
    expect(await effects()).toEqual([]);
    const rows: unknown[] = await database.dataSource.query('SELECT 1 FROM skald_barrier');
    expect(rows).toEqual([]);
  });
});
