import { IsIn, IsObject, IsOptional, IsString, Length, MaxLength, ValidateIf } from 'class-validator';

export class SignalRequest {
  @IsString()
  @MaxLength(63)
  signal!: string;

  /** The same for copies: the signal counts once. Default: a new one. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  messageId?: string;

  @IsObject()
  data!: object;
}

export class CallRequest {
  @IsString()
  @MaxLength(63)
  call!: string;

  /** The same for copies: they are answered alike. Default: a new one. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  messageId?: string;

  @IsObject()
  request!: object;
}

export class CancelRequest {
  /** The same for copies. Default: a new one. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  messageId?: string;

  @IsString()
  @Length(1, 500)
  reason!: string;
}

export const ACTIONS = [
  'suspend',
  'resume',
  'retry',
  'skip',
  'edit',
  'repair',
  'compensate',
  'force-forward',
  'terminate',
  'remove',
] as const;

/** What an operator does. Who and why are kept in the saga's history. */
export class ActionRequest {
  @IsIn(ACTIONS)
  action!: (typeof ACTIONS)[number];

  @IsString()
  @Length(1, 100)
  actor!: string;

  @IsString()
  @Length(1, 500)
  reason!: string;

  /** Of `retry` and `skip`: whose command is meant. Needed where several are in hand. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  step?: string;

  /** Of `skip`: what the step would have replied. */
  @IsOptional()
  @IsObject()
  output?: object;

  /** Of `edit` and `repair`: replies by their names, or `input`. */
  @ValidateIf(({ action }: ActionRequest) => action === 'edit' || action === 'repair')
  @IsObject()
  data?: Record<string, unknown>;
}
