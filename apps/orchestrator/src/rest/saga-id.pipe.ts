import { sagaIdProblem } from '@skald/core';
import { HttpStatus, Injectable, type PipeTransform } from '@nestjs/common';
import { ProblemException } from './problem.js';

/** The id of a saga in a path. */
@Injectable()
export class SagaIdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    const problem = sagaIdProblem(id);
    if (problem === undefined) return id;
    throw new ProblemException(HttpStatus.BAD_REQUEST, 'invalid_id', 'The id is malformed', problem);
  }
}
