import { IsInt, IsObject, IsOptional, IsString, Length, MaxLength, Min } from 'class-validator';

export class StartSagaRequest {
  /** Name of the definition. */
  @IsString()
  @MaxLength(63)
  definition!: string;

  /** Default: the newest. */
  @IsOptional()
  @IsInt()
  @Min(1)
  version?: number;

  /** The caller's key for the business transaction: the same id and input again start nothing new. Default: a new UUID. */
  @IsOptional()
  @IsString()
  id?: string;

  /** The same for copies of this request: they start nothing, even after the saga was removed. Default: a new one. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  messageId?: string;

  @IsObject()
  input!: object;
}
