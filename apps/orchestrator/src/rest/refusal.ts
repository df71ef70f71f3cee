import { RequestRefusedError } from '@skald/orchestrator';
import { HttpStatus } from '@nestjs/common';
import { ProblemException } from './problem.js';

/** What the engine refuses makes no sense now: a conflict with the saga's state, unless the request itself is wrong. */
const STATUS_OF_REFUSAL = new Map<string, HttpStatus>([
  ['unknown_definition', HttpStatus.UNPROCESSABLE_ENTITY],
  ['unknown_signal', HttpStatus.UNPROCESSABLE_ENTITY],
  ['unknown_call', HttpStatus.UNPROCESSABLE_ENTITY],
  ['unknown_data', HttpStatus.UNPROCESSABLE_ENTITY],
  ['output_needed', HttpStatus.UNPROCESSABLE_ENTITY],
  ['invalid_input', HttpStatus.UNPROCESSABLE_ENTITY],
  ['invalid_id', HttpStatus.UNPROCESSABLE_ENTITY],
  ['unknown_saga', HttpStatus.NOT_FOUND],
  // Another process has to do it, and none is there or answers: a later try may go well.
  ['no_live_owner', HttpStatus.SERVICE_UNAVAILABLE],
  ['no_owner_answered', HttpStatus.SERVICE_UNAVAILABLE],
]);

/** Runs what the engine may refuse, and turns a refusal into problem details. */
export async function orProblem<T>(title: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RequestRefusedError)) throw error;
    const status = STATUS_OF_REFUSAL.get(error.code) ?? HttpStatus.CONFLICT;
    throw new ProblemException(status, error.code, title, error.message, error.problems);
  }
}
