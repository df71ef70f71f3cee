import { SkaldError } from '@skald/core';
import type { DeadLetterContent, DeadLetterPage, DeadLetters } from '@skald/ports';
import {
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Inject,
  Param,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { DEAD_LETTERS } from '../dead-letters.js';
import { NAMESPACE } from '../namespace.js';
import { DeadLetterParams, DeadLettersQuery, NamespaceParams } from './dead-letters.request.js';
import { NamespaceGuard } from './namespace.guard.js';
import { ProblemException } from './problem.js';

/**
 * Messages that could not be handled, of all topics of the namespace. A person reads the reason, mends what was wrong,
 * and resends them; or drops them.
 */
@Controller('api/v1/namespaces/:namespace/dead-letters')
@UseGuards(NamespaceGuard)
export class DeadLettersController {
  constructor(
    @Inject(DEAD_LETTERS) private readonly deadLetters: DeadLetters,
    @Inject(NAMESPACE) private readonly namespace: string,
  ) {}

  /** Open letters, newest first, without their payloads. */
  @Get()
  list(@Param() { namespace }: NamespaceParams, @Query() query: DeadLettersQuery): Promise<DeadLetterPage> {
    const { topic, limit = 100 } = query;
    return this.answer(this.deadLetters.list({ namespace, topic, limit }));
  }

  /** One letter with its payload as it arrived. */
  @Get(':topic/:partition/:offset')
  async read(@Param() params: DeadLetterParams): Promise<DeadLetterContent> {
    const place = this.placeOf(params);
    return (await this.answer(this.deadLetters.find(place))) ?? unknown(params);
  }

  /** Sends the message once more, to where it was sent to. 204 when that is done and the letter settled. */
  @Post(':topic/:partition/:offset/resend')
  @HttpCode(HttpStatus.NO_CONTENT)
  async resend(@Param() params: DeadLetterParams): Promise<void> {
    if (!(await this.answer(this.deadLetters.resend(this.placeOf(params))))) unknown(params);
  }

  /** Settles the letter; its message is not handled any more. */
  @Delete(':topic/:partition/:offset')
  @HttpCode(HttpStatus.NO_CONTENT)
  async drop(@Param() params: DeadLetterParams): Promise<void> {
    if (!(await this.answer(this.deadLetters.drop(this.placeOf(params))))) unknown(params);
  }

  private placeOf(params: DeadLetterParams): Pick<DeadLetterParams, 'topic' | 'partition' | 'offset'> {
    const { topic, partition, offset } = params;
    return topic.startsWith(`${this.namespace}.`) ? { topic, partition, offset } : unknown(params);
  }

  /** What the transport says is for the caller: it names topics and what to do. */
  private async answer<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof SkaldError)) throw error;
      const title = 'The dead letters cannot be reached';
      throw new ProblemException(HttpStatus.SERVICE_UNAVAILABLE, error.code, title, error.message);
    }
  }
}

function unknown({ topic, partition, offset }: DeadLetterParams): never {
  const detail = `there is no open dead letter ${partition}/${offset} of '${topic}'; it may be settled already`;
  throw new ProblemException(HttpStatus.NOT_FOUND, 'unknown_dead_letter', 'Unknown dead letter', detail);
}
