import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

/** What `Number` would read in other ways stays text, and is refused: `1e2`, `0x10`, nothing. */
function wholeNumber({ value }: { readonly value: unknown }): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

const TOPIC = /^[\w.-]{1,249}$/;

export class NamespaceParams {
  @IsString()
  namespace!: string;
}

/** Which letter: the topic that its message was sent to, and its place in that topic's dead-letter topic. */
export class DeadLetterParams extends NamespaceParams {
  @Matches(TOPIC, { message: 'topic must be the name of a topic' })
  topic!: string;

  @Transform(wholeNumber)
  @IsInt()
  @Min(0)
  @Max(2 ** 31 - 1)
  partition!: number;

  @Matches(/^\d{1,19}$/, { message: 'offset must be a whole number' })
  offset!: string;
}

export class DeadLettersQuery {
  /** Only letters of messages that were sent to this topic. Default: all topics of the namespace. */
  @IsOptional()
  @Matches(TOPIC, { message: 'topic must be the name of a topic' })
  topic?: string;

  /** Default: 100. */
  @IsOptional()
  @Transform(wholeNumber)
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}
