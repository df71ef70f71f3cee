import { DataSource } from 'typeorm';

export interface PostgresSample {
  /** Transactions that ended; unknown where the extension pg_stat_statements cannot be had. */
  readonly transactions: number | undefined;
  readonly walBytes: number;
}

export interface StatementCost {
  readonly statement: string;
  readonly calls: number;
  readonly totalMs: number;
}

/** Asks PostgreSQL what it has done, over a connection of its own. */
export class PostgresUsage {
  private constructor(
    private readonly server: DataSource,
    private readonly hasStatements: boolean,
  ) {}

  static async open(url: string): Promise<PostgresUsage> {
    const server = await new DataSource({ type: 'postgres', url, poolSize: 1 }).initialize();
    return new PostgresUsage(server, await haveStatements(server));
  }

  async sample(): Promise<PostgresSample> {
    const [{ wal }] = await this.server.query<[{ wal: string }]>(
      "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal",
    );
    return { walBytes: Number(wal), transactions: await this.transactions() };
  }

  /** The statements that took longest since the last `reset`. */
  async costliest(limit: number): Promise<readonly StatementCost[]> {
    if (!this.hasStatements) return [];
    const rows = await this.server.query<{ query: string; calls: string; total: number }[]>(
      `SELECT query, sum(calls) AS calls, sum(total_exec_time) AS total
         FROM pg_stat_statements GROUP BY query ORDER BY total DESC LIMIT $1`,
      [limit],
    );
    return rows.map(({ query, calls, total }) => ({
      statement: query.replaceAll(/\s+/g, ' ').trim().slice(0, 100),
      calls: Number(calls),
      totalMs: Math.round(total),
    }));
  }

  async reset(): Promise<void> {
    if (this.hasStatements) await this.server.query('SELECT pg_stat_statements_reset()');
  }

  /** Makes what others have measured before not count: a checkpoint lies behind each row. */
  async checkpoint(): Promise<void> {
    await this.server.query('CHECKPOINT');
  }

  async close(): Promise<void> {
    await this.server.destroy();
  }

  private async transactions(): Promise<number | undefined> {
    if (!this.hasStatements) return undefined;
    const [{ ended }] = await this.server.query<[{ ended: string }]>(
      "SELECT coalesce(sum(calls), 0) AS ended FROM pg_stat_statements WHERE query ~* '^(COMMIT|ROLLBACK)$'",
    );
    return Number(ended);
  }
}

async function haveStatements(server: DataSource): Promise<boolean> {
  try {
    await server.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await server.query('SELECT 1 FROM pg_stat_statements LIMIT 1');
    return true;
  } catch {
    return false;
  }
}
