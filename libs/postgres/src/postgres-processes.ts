import type { Message } from '@skald/core';
import type {
  AskedRequest,
  KeptCount,
  KeptMessage,
  NotedDefinition,
  Processes,
  ProcessNote,
} from '@skald/ports';
import type { PoolClient, QueryResultRow } from 'pg';
import type { DatabaseTime } from './database-time.js';
import { answerRequest } from './sql/answer-request.js';
import { askRequest } from './sql/ask-request.js';
import { askedRequest } from './sql/asked-request.js';
import { beat } from './sql/beat.js';
import { countKept } from './sql/count-kept.js';
import { forgetParked } from './sql/forget-parked.js';
import { keptStarts } from './sql/kept-starts.js';
import { leave } from './sql/leave.js';
import { takeParked } from './sql/take-parked.js';
import { withdrawRequest } from './sql/withdraw-request.js';

/** Runs work with a connection of the pool. */
type WithClient = <T>(work: (client: PoolClient) => Promise<T>) => Promise<T>;

interface Statement {
  readonly name: string;
  readonly text: string;
}

/** The tables `skald_process` and `skald_parked`: one statement, and so one transaction, for each thing that is done. */
export class PostgresProcesses implements Processes {
  constructor(
    private readonly withClient: WithClient,
    private readonly time: DatabaseTime,
  ) {}

  beat(
    namespace: string,
    { id, label, definitions }: ProcessNote,
    isPatient = false,
  ): Promise<ProcessNote[]> {
    type Row = {
      id: string | null;
      label: string;
      definitions: NotedDefinition[];
      is_silent: boolean;
      now: number;
    };
    const values = [namespace, id, label, JSON.stringify(definitions), isPatient];
    return this.withClient(async (client) => {
      const { rows } = await this.time.look(
        () => client.query<Row>({ ...beat, values }),
        (result) => result.rows[0]?.now,
      );
      return rows.flatMap((row): ProcessNote[] => {
        if (row.id === null) return [];
        const note = { id: row.id, label: row.label, definitions: row.definitions };
        return [row.is_silent ? { ...note, isSilent: true } : note];
      });
    });
  }

  async leave(id: string): Promise<void> {
    await this.query(leave, [id]);
  }

  async take(namespace: string, definitions: readonly string[], limit: number): Promise<KeptMessage[]> {
    type Row = { id: string; message: Message; is_asked: boolean };
    const rows = await this.query<Row>(takeParked, [namespace, definitions, limit]);
    return rows.map(({ id, message, is_asked: isAsked }) => ({ row: id, message, isAsked }));
  }

  async countKept(namespace: string): Promise<KeptCount[]> {
    type Row = { definition: string; count: number; oldest_ms: number };
    const rows = await this.query<Row>(countKept, [namespace]);
    return rows.map(({ definition, count, oldest_ms: oldestMs }) => ({ definition, count, oldestMs }));
  }

  async done(rows: readonly string[]): Promise<void> {
    if (rows.length > 0) await this.query(forgetParked, [rows]);
  }

  async keptStarts(namespace: string, sagaIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    type Row = { saga_id: string; definition: string };
    const rows = await this.query<Row>(keptStarts, [namespace, sagaIds]);
    return new Map(rows.map(({ saga_id: sagaId, definition }) => [sagaId, definition]));
  }

  async ask(namespace: string, definition: string, request: Message): Promise<string> {
    const values = [namespace, definition, JSON.stringify(request), request.sagaid];
    const [row] = await this.query<{ id: string }>(askRequest, values);
    if (row === undefined) throw new Error('the request was not written');
    return row.id;
  }

  async answer(row: string, answer: object): Promise<void> {
    await this.query(answerRequest, [row, JSON.stringify(answer)]);
  }

  asked(row: string): Promise<AskedRequest | undefined> {
    return this.stateOf(askedRequest, row);
  }

  withdraw(row: string): Promise<AskedRequest | undefined> {
    return this.stateOf(withdrawRequest, row);
  }

  private async stateOf(statement: Statement, row: string): Promise<AskedRequest | undefined> {
    const [state] = await this.query<{ taken: boolean; answer: unknown }>(statement, [row]);
    if (state === undefined) return undefined;
    return { isTaken: state.taken, ...(state.answer !== null && { answer: state.answer }) };
  }

  private query<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    return this.withClient(
      async (client) => (await client.query<Row>({ ...statement, values: [...values] })).rows,
    );
  }
}
