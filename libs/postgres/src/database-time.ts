import type { DataSource } from 'typeorm';

/** Selected in a statement that is sent anyway, tells what the database's clock says then; see `DatabaseTime.note`. */
export const DATABASE_TIME = `(extract(epoch FROM clock_timestamp()) * 1000)::float8`;

/**
 * What a database's clock says, told from a few looks at it and from a clock of this process that nobody sets. A look tells
 * that the database's time lay between two moments here; what is known stays as long as it fits, and otherwise goes only as
 * far as it must. So a slow answer spoils nothing, and a database whose clock is set is followed at the next look.
 */
export class DatabaseTime {
  /** By how much the database is ahead of `elapsed`, in milliseconds. */
  private ahead: number | undefined;

  /** @param elapsed milliseconds since some moment, by a clock that nobody sets */
  constructor(private readonly elapsed: () => number = () => performance.now()) {}

  /** Runs a statement that asks for `DATABASE_TIME`, and notes what it said. */
  async look<T>(statement: () => Promise<T>, at: (result: T) => number | undefined): Promise<T> {
    const sent = this.elapsed();
    const result = await statement();
    const said = at(result);
    if (said !== undefined) this.note(said, sent, this.elapsed());
    return result;
  }

  /** Milliseconds since 1970; nothing before the first look. */
  now(): number | undefined {
    return this.ahead === undefined ? undefined : Math.floor(this.elapsed() + this.ahead);
  }

  private note(said: number, sent: number, received: number): void {
    const least = said - received;
    const most = said - sent;
    this.ahead = this.ahead === undefined ? (least + most) / 2 : Math.min(most, Math.max(least, this.ahead));
  }
}

const known = new WeakMap<DataSource, DatabaseTime>();

/** Shared by all that use a data source. */
export function databaseTimeOf(dataSource: DataSource): DatabaseTime {
  let time = known.get(dataSource);
  if (time === undefined) {
    time = new DatabaseTime();
    known.set(dataSource, time);
  }
  return time;
}
