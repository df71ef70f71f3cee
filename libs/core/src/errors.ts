/** Base of every error that Skald throws on purpose: a stable `code`, and a message that says what to do. */
export abstract class SkaldError extends Error {
  /** Stable and machine-readable, in snake_case. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A contract or a saga is written wrongly. Thrown when it is defined, so a wrong build does not boot. */
export class DefinitionError extends SkaldError {
  readonly code = 'invalid_definition';

  /**
   * @param subject what is wrong, from the outside in: `saga 'create-bot', step 'store job'`
   * @param option the option that is wrong, where there is one: `retry.maximumAttempts`
   */
  constructor(
    readonly subject: string,
    readonly option: string | undefined,
    problem: string,
  ) {
    super(option === undefined ? `${subject}: ${problem}` : `${subject}, option '${option}': ${problem}`);
  }
}
