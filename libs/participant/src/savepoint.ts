import type { QueryRunner } from 'typeorm';

/**
 * A place in a transaction that can be gone back to. It costs a round trip, so it is set only when something is about to
 * be done that might have to be undone: a handler that never uses its transaction costs none.
 */
export class Savepoint {
  private set: Promise<void> | undefined;
  private isWatching = false;
  private isPassed = false;

  constructor(
    runner: QueryRunner,
    private readonly say: (statement: string) => Promise<void>,
  ) {
    const before = async (): Promise<void> => {
      if (!this.isWatching) return;
      this.isPassed = true;
      await (this.set ??= this.say('SAVEPOINT skald'));
    };
    beforeEach(runner, before);
  }

  /** From here on what is done through the runner can be undone. */
  watch(): void {
    this.isWatching = true;
  }

  /**
   * Moves the place: what was done up to here stays, whatever comes behind.
   *
   * @throws what PostgreSQL throws when the transaction can only be rolled back
   */
  async advance(): Promise<void> {
    this.isWatching = false;
    if (!this.isPassed) return;
    await this.say('RELEASE SAVEPOINT skald; SAVEPOINT skald');
    this.isPassed = false;
  }

  /** Goes back to the place. */
  async undo(): Promise<void> {
    this.isWatching = false;
    if (!this.isPassed) return;
    this.isPassed = false;
    await this.say('ROLLBACK TO SAVEPOINT skald');
  }
}

/** TypeORM sends every statement of an entity manager through one of these. */
function beforeEach(runner: QueryRunner, before: () => Promise<void>): void {
  for (const method of ['query', 'stream', 'connect'] as const) {
    const original = runner[method].bind(runner) as (...args: unknown[]) => Promise<unknown>;
    Object.defineProperty(runner, method, {
      value: async (...args: unknown[]) => {
        await before();
        return original(...args);
      },
    });
  }
}
