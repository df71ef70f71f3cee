interface Connectable {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/** Connects when first needed. Concurrent first users share one attempt; after a failed one the next user tries again. */
export class LazyConnection<T extends Connectable> {
  private opening: Promise<T> | undefined;

  constructor(private readonly create: () => T) {}

  get(): Promise<T> {
    this.opening ??= this.open();
    return this.opening;
  }

  /** Lets go of a connection that proved bad; the next user gets a new one. */
  async drop(connection: T): Promise<void> {
    const current = await this.opening?.catch(() => undefined);
    if (current === connection) this.opening = undefined;
    await connection.disconnect().catch(() => undefined);
  }

  async close(): Promise<void> {
    const opening = this.opening;
    this.opening = undefined;
    const connection = await opening?.catch(() => undefined);
    await connection?.disconnect().catch(() => undefined);
  }

  private async open(): Promise<T> {
    const connection = this.create();
    try {
      await connection.connect();
      return connection;
    } catch (error) {
      this.opening = undefined;
      await connection.disconnect().catch(() => undefined);
      throw error;
    }
  }
}
