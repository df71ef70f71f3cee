/** An expectation was not met. The message ends with the saga's timeline up to there. */
export class StoryError extends Error {
  override readonly name = 'StoryError';

  constructor(
    problem: string,
    /** One line for each thing that happened, oldest first. */
    readonly timeline: readonly string[],
  ) {
    super([problem, '', 'What had happened:', ...timeline.map((line) => `  ${line}`)].join('\n'));
  }
}
