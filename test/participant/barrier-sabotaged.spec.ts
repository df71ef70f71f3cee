import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Barrier, type BarrierCommand, type FinalOutcome } from '@skald/participant';
import { participantSchema } from '@skald/postgres';
import type { DataSource, EntityManager } from 'typeorm';
import { freshDatabase } from '../setup/real-services.js';

const CHARGE = { id: 'shop/order@1/o-1/charge/do/1' };
const REFUND = { id: 'shop/order@1/o-1/charge/undo/1', compensates: CHARGE.id };
const DONE: FinalOutcome = { kind: 'succeeded', data: null };
const NO: FinalOutcome = { kind: 'rejected', code: 'no_money', message: '' };

interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}
/** The first column of a statement that gets its columns as texts. */
function idsIn({ values }: Statement): string[] {
  return String(values[0]).split('\u001e');
}
/** What PostgreSQL would have answered; nothing lets the statement through. */
type Pretence = (statement: Statement) => readonly object[] | undefined;

/** The row of every command seems to be new, and none is written. */
const claimWritesNothing: Pretence = (statement) =>
  statement.name === 'skald_barrier_claim' ? idsIn(statement).map((id) => ({ command_id: id })) : undefined;
/** The row of a compensation seems to be new, that of its action to be there, and neither is written. */
const undoWritesNothing: Pretence = (statement) =>
  statement.name === 'skald_barrier_claim' && idsIn(statement).includes(REFUND.id)
    ? [{ command_id: REFUND.id }]
    : undefined;
/** As if nobody looked whether the action was handled. */
const nobodyLooks: Pretence = (statement) =>
  statement.text.startsWith('SELECT')
    ? [{ command_id: CHARGE.id, reply: DONE }]
    : undoWritesNothing(statement);
/** The reply seems to be kept. */
const keepWritesNothing: Pretence = ({ name }) => (name === 'skald_barrier_keep' ? [] : undefined);

/** A data source whose connections answer some statements themselves. */
function sabotaged(dataSource: DataSource, pretence: Pretence): DataSource {
  const createQueryRunner: DataSource['createQueryRunner'] = (...mode) => {
    const runner = dataSource.createQueryRunner(...mode);
    const connect = runner.connect.bind(runner);
    runner.connect = async () => {
      const client = await connect();
      const query = client.query.bind(client);
      return {
        query: (statement: Statement | string, ...rest: unknown[]) => {
          const rows = typeof statement === 'string' ? undefined : pretence(statement);
          return rows === undefined ? query(statement, ...rest) : Promise.resolve({ rows });
        },
      };
    };
    return runner;
  };
  return new Proxy(dataSource, {
    get: (target, key) => (key === 'createQueryRunner' ? createQueryRunner : Reflect.get(target, key)),
  });
}

/**
 * Each case of barrier.spec.ts, with the statement that holds it taken out: were the barrier not needed, or the case not
 * a test of it, the effects here would be the same as there.
 */
describe('what breaks without the barrier, on real PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  beforeAll(async () => {
    database = await freshDatabase(participantSchema);
    await database.dataSource.query('CREATE TABLE payment (what text)');
  });
  afterAll(() => database.drop());
  beforeEach(() => database.dataSource.query('TRUNCATE skald_barrier, payment'));

  const effect =
    (what: string, outcome: FinalOutcome = DONE, waitMs = 0) =>
    async (transaction: EntityManager): Promise<FinalOutcome> => {
      await transaction.query('INSERT INTO payment VALUES ($1)', [what]);
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      return outcome;
    };
  const effects = async (): Promise<string[]> => {
    const rows: { what: string }[] = await database.dataSource.query('SELECT what FROM payment');
    return rows.map(({ what }) => what);
  };

  type Pass = (command: BarrierCommand, handle: ReturnType<typeof effect>) => Promise<FinalOutcome>;
  interface Case {
    readonly name: string;
    readonly takenOut: Pretence;
    readonly run: (pass: Pass) => Promise<unknown>;
    readonly held: readonly string[];
    readonly broken: readonly string[];
  }

  const cases: readonly Case[] = [
    {
      name: 'duplicate: takes effect twice',
      takenOut: claimWritesNothing,
      run: async (pass) => {
        await pass(CHARGE, effect('charged'));
        await pass(CHARGE, effect('charged'));
      },
      held: ['charged'],
      broken: ['charged', 'charged'],
    },
    {
      name: 'two replicas at once: both handle the command',
      takenOut: claimWritesNothing,
      run: (pass) => Promise.all([1, 2].map(() => pass(CHARGE, effect('charged', DONE, 100)))),
      held: ['charged'],
      broken: ['charged', 'charged'],
    },
    {
      name: 'duplicate compensation: undoes twice',
      takenOut: undoWritesNothing,
      run: async (pass) => {
        await pass(CHARGE, effect('charged'));
        await pass(REFUND, effect('refunded'));
        await pass(REFUND, effect('refunded'));
      },
      held: ['charged', 'refunded'],
      broken: ['charged', 'refunded', 'refunded'],
    },
    {
      name: 'compensation: does not see that there is something to undo',
      takenOut: claimWritesNothing,
      run: async (pass) => {
        await pass(CHARGE, effect('charged'));
        await pass(REFUND, effect('refunded'));
      },
      held: ['charged', 'refunded'],
      broken: ['charged'],
    },
    {
      name: 'empty compensation: undoes what was never done',
      takenOut: nobodyLooks,
      run: async (pass) => {
        await pass(REFUND, effect('refunded'));
      },
      held: [],
      broken: ['refunded'],
    },
    {
      name: 'late action: takes effect after its compensation',
      takenOut: claimWritesNothing,
      run: async (pass) => {
        await pass(REFUND, effect('refunded'));
        await pass(CHARGE, effect('charged'));
      },
      held: [],
      broken: ['charged'],
    },
    {
      name: 'probe: was told that it had not happened, and then it happens',
      takenOut: claimWritesNothing,
      run: async (pass) => {
        await pass({ id: 'shop/order@1/o-1/charge/probe/1', probes: CHARGE.id }, effect('never called'));
        await pass(CHARGE, effect('charged'));
      },
      held: [],
      broken: ['charged'],
    },
    {
      name: 'racing compensation: does not wait, and undoes nothing of what is then committed',
      takenOut: claimWritesNothing,
      run: async (pass) => {
        const action = pass(CHARGE, effect('charged', DONE, 300));
        await new Promise((resolve) => setTimeout(resolve, 100));
        await pass(REFUND, effect('refunded'));
        await action;
      },
      held: ['charged', 'refunded'],
      broken: ['charged'],
    },
    {
      name: 'kept no: a copy is let through',
      takenOut: claimWritesNothing,
      run: async (pass) => {
        await pass(CHARGE, effect('charged', NO));
        await pass(CHARGE, effect('charged'));
      },
      held: [],
      broken: ['charged'],
    },
  ];

  const passOn = (dataSource: DataSource): Pass => {
    const barrier = new Barrier(dataSource);
    return (command, handle) => barrier.pass(command, handle);
  };

  it.each(cases)('$name', async ({ takenOut, run, held, broken }) => {
    await run(passOn(database.dataSource));
    expect(await effects()).toEqual(held);
    await database.dataSource.query('TRUNCATE skald_barrier, payment');

    await run(passOn(sabotaged(database.dataSource, takenOut)));
    expect(await effects()).toEqual(broken);
  });

  it('stored reply: a duplicate has no answer', async () => {
    const pass = passOn(sabotaged(database.dataSource, keepWritesNothing));
    await pass(CHARGE, effect('charged'));
    await expect(pass(CHARGE, effect('charged'))).rejects.toThrow('holds no reply');
  });
});
